// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The page of ours.ts with plain Connect-Web. */
import { createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-web";
import { DeclaredService } from "../../test/support/gen/lab/v1/declared_pb.js";

const client = createClient(DeclaredService, createConnectTransport({ baseUrl: "/" }));
document.title = (await client.look({ text: "title" })).text;
for await (const { text } of client.follow({ text: "news" })) document.body.append(text);
