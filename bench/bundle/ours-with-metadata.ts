// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A page whose service declares initial metadata and heartbeats. */
import { createConnectTransport } from "@connectrpc/connect-web";
import { createSequenceServiceClient } from "../../test/support/gen/lab/v1/sequence_stream.js";

const client = createSequenceServiceClient(createConnectTransport({ baseUrl: "/" }));
for await (const message of client.download({})) document.body.append(JSON.stringify(message));
