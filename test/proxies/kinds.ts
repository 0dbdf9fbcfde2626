// SPDX-License-Identifier: Apache-2.0
import type { ProxyKind } from "../interop/pair.js";
import type { Wire } from "../interop/peer.js";
import {
  envoy,
  haproxy,
  missing,
  nginx,
  type ProxyProgram,
  type RunningProxy,
  startProxy,
} from "./proxy.js";

/** nginx: `grpc_pass` for HTTP/2, `proxy_pass` for HTTP/1.1. */
export const throughNginx: ProxyKind = kind("nginx", nginx, byVersion);

/** HAProxy, which takes calls apart: HTTP/2 or HTTP/1.1 from the client, HTTP/2 to the server. */
export const throughHaproxy: ProxyKind = kind("HAProxy", haproxy, byVersion);

/** HAProxy, which passes connections on. */
export const throughHaproxyTcp: ProxyKind = kind("HAProxy (TCP)", haproxy, ({ tcp }) => tcp);

/** Envoy, with HTTP/2 to the server whatever the client speaks. */
export const throughEnvoy: ProxyKind = kind("Envoy", envoy, byVersion);

/** Envoy, which makes gRPC of gRPC-Web. */
export const throughEnvoyGrpcWeb: ProxyKind = kind(
  "Envoy (gRPC-Web to gRPC)",
  envoy,
  ({ grpcWeb }) => grpcWeb,
);

function byVersion({ http1, http2 }: RunningProxy, { http }: Wire): string {
  return http === "2" ? http2 : http1;
}

function kind(
  name: string,
  program: ProxyProgram,
  port: (proxy: RunningProxy, wire: Wire) => string,
): ProxyKind {
  return {
    name,
    program: program.name,
    missing: () => missing(program),
    async start(server, wire) {
      const proxy = await startProxy(program, server.url);
      return { url: port(proxy, wire), close: () => proxy.close() };
    },
  };
}
