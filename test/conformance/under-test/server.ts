// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as http2 from "node:http2";
import * as https from "node:https";
import type { AddressInfo } from "node:net";
import { create } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import { type ConnectNodeAdapterOptions, connectNodeAdapter } from "@connectrpc/connect-node";
import { streamNodeAdapter } from "connect-stream/node";
import { HTTPVersion } from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/config_pb.js";
import {
  type ServerCompatRequest,
  ServerCompatRequestSchema,
  ServerCompatResponseSchema,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/server_compat_pb.js";
import { registerConformanceService } from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_stream.js";
import { registry } from "./convert.js";
import { readMessages, writeMessage } from "./frames.js";
import { service } from "./service.js";

/** What serves the generated handlers; the program's first argument. */
const adapters: Record<string, (options: ConnectNodeAdapterOptions) => http.RequestListener> = {
  stream: (options) => streamNodeAdapter(options) as http.RequestListener,
  stock: (options) => connectNodeAdapter(options) as http.RequestListener,
};

const HOST = "127.0.0.1";

function createServer(
  request: ServerCompatRequest,
  listener: http.RequestListener,
): http.Server | http2.Http2Server {
  const h2Listener = listener as unknown as Parameters<typeof http2.createServer>[1];
  const { useTls, serverCreds, clientTlsCert, httpVersion } = request;
  const isHttp2 = httpVersion === HTTPVersion.HTTP_VERSION_2;
  if (!useTls) return isHttp2 ? http2.createServer(h2Listener) : http.createServer(listener);
  const tls = {
    key: Buffer.from(serverCreds?.key ?? []),
    cert: Buffer.from(serverCreds?.cert ?? []),
    ...(clientTlsCert.length > 0 && {
      requestCert: true,
      rejectUnauthorized: true,
      ca: Buffer.from(clientTlsCert),
    }),
  };
  return isHttp2 ? http2.createSecureServer(tls, h2Listener) : https.createServer(tls, listener);
}

const createListener = adapters[process.argv[2] ?? ""];
if (!createListener) throw new Error(`usage: server ${Object.keys(adapters).join("|")}`);

for await (const request of readMessages(ServerCompatRequestSchema)) {
  const server = createServer(
    request,
    createListener({
      routes: (router: ConnectRouter) => registerConformanceService(router, service),
      readMaxBytes: request.messageReceiveLimit,
      jsonOptions: { registry },
    }),
  );
  server.listen(0, HOST, () => {
    const { port } = server.address() as AddressInfo;
    const pemCert = request.serverCreds?.cert ?? new Uint8Array(0);
    const response = create(ServerCompatResponseSchema, { host: HOST, port, pemCert });
    void writeMessage(ServerCompatResponseSchema, response);
  });
}

// The runner is done with the server then; how servers drain is tested elsewhere.
process.on("SIGTERM", () => process.exit());
