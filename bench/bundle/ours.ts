// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A page with a unary call and a stream of responses, with a generated client. */
import { createConnectTransport } from "@connectrpc/connect-web";
import { createDeclaredServiceClient } from "../../test/support/gen/lab/v1/declared_stream.js";

const client = createDeclaredServiceClient(createConnectTransport({ baseUrl: "/" }));
document.title = (await client.look({ text: "title" })).text;
for await (const { text } of client.follow({ text: "news" })) document.body.append(text);
