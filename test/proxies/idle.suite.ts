// SPDX-License-Identifier: Apache-2.0
// How long streams may be silent behind a proxy, and what counts as not silent: docs/proxies.md.
import { setTimeout as delay } from "node:timers/promises";
import { Code } from "@connectrpc/connect";
import type { ServerStreamingServer } from "connect-stream";
import { type ServeOptions, serve } from "connect-stream/node";
import { describe, expect, it, type TestContext } from "vitest";
import type { TestRequest, TestResponseSchema } from "../interop/gen/interop/v1/interop_pb.js";
import { registerTestService } from "../interop/gen/interop/v1/interop_stream.js";
import { connectOn1, grpcOn2, type Wire } from "../interop/peer.js";
import { gate } from "../support/gate.js";
import {
  clientOf,
  envoy,
  haproxy,
  nginx,
  type ProxyProgram,
  type RunningProxy,
  skips,
  startProxy,
} from "./proxy.js";

/** The proxies' limit in these tests. */
const LIMIT = "2s";
/** How often somebody speaks who does: often enough, on a machine that is busy. */
const OFTEN_MS = 200;
/** Longer than the limit. */
const LONG_MS = 3000;

/** A way through a proxy. */
interface Route {
  readonly name: string;
  readonly program: ProxyProgram;
  readonly wire: Wire;
  /** What the client is told when the proxy ends a silent stream. */
  readonly code: Code;
  /** The server's pings count as not silent. */
  readonly pings: boolean;
  readonly url: (proxy: RunningProxy) => string;
}

const routes: readonly Route[] = [
  {
    name: "nginx, grpc_pass",
    program: nginx,
    wire: grpcOn2,
    code: Code.Internal,
    pings: true,
    url: ({ http2 }) => http2,
  },
  {
    name: "nginx, proxy_pass",
    program: nginx,
    wire: connectOn1,
    code: Code.Unavailable,
    pings: false,
    url: ({ http1 }) => http1,
  },
  {
    name: "HAProxy, HTTP/2",
    program: haproxy,
    wire: grpcOn2,
    code: Code.Internal,
    pings: false,
    url: ({ http2 }) => http2,
  },
  {
    name: "HAProxy, HTTP/1.1",
    program: haproxy,
    wire: connectOn1,
    code: Code.Unavailable,
    pings: false,
    url: ({ http1 }) => http1,
  },
  {
    name: "HAProxy, TCP",
    program: haproxy,
    wire: grpcOn2,
    code: Code.Unavailable,
    pings: true,
    url: ({ tcp }) => tcp,
  },
  {
    name: "Envoy, HTTP/2",
    program: envoy,
    wire: grpcOn2,
    code: Code.Internal,
    pings: false,
    url: ({ http2 }) => http2,
  },
  {
    name: "Envoy, HTTP/1.1",
    program: envoy,
    wire: connectOn1,
    code: Code.Unavailable,
    pings: false,
    url: ({ http1 }) => http1,
  },
];

const kept = { client: undefined, server: undefined };

for (const route of routes) {
  describe.skipIf(skips(route.program))(route.name, () => {
    const cut = { client: route.code, server: Code.Canceled };

    it.concurrent("ends a silent stream, and the handler sees a cancel", async (test) => {
      const { download } = await connect(test, route, { keepAlive: false });
      expect(await download({ hang: true })).toEqual(cut);
    });

    it.concurrent("keeps a stream on which the server speaks", async (test) => {
      const { download } = await connect(test, route, { keepAlive: false });
      expect(await download({ hang: false })).toEqual(kept);
    });

    it.concurrent("keeps a stream on which the client speaks", async (test) => {
      const { client } = await connect(test, route, { keepAlive: false });
      const stream = client.streamingInputCall();
      for (const end = Date.now() + LONG_MS; Date.now() < end; await delay(OFTEN_MS)) {
        await stream.send({});
      }
      expect(await stream.closeAndRecv()).toBeDefined();
    });

    const verb = route.pings ? "keeps" : "ends";
    it.concurrent(`${verb} a silent stream beside the server's pings`, async (test) => {
      const { download } = await connect(test, route, { keepAlive: { intervalMs: OFTEN_MS } });
      expect(await download({ hang: true })).toEqual(route.pings ? kept : cut);
    });
  });
}

/** A server, the proxy with the limit, and a client, for one test. */
async function connect(
  { onTestFinished }: TestContext,
  route: Route,
  options: Pick<ServeOptions, "keepAlive">,
) {
  const ended = gate<Code | undefined>();
  const server = await serve({
    ...options,
    routes(router) {
      registerTestService(router, {
        async streamingOutputCall(request, stream) {
          try {
            await speak(request, stream);
            ended.resolve(undefined);
          } catch (error) {
            ended.resolve(stream.context.signal.reason.code);
            throw error;
          }
        },
        async streamingInputCall(stream) {
          for await (const _ of stream);
          await stream.sendAndClose({});
        },
      });
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const proxy = await startProxy(route.program, server.url, LIMIT);
  onTestFinished(() => proxy.close());
  const client = clientOf(route.url(proxy), route.wire);
  const download = async (request: { hang: boolean }) => {
    const stream = client.streamingOutputCall(request);
    while (await stream.recv().catch(() => undefined));
    return { client: (await stream.outcome).code, server: await ended.promise };
  };
  return { client, download };
}

/** Sends a message now, and then often, or none if the request says so. */
async function speak(
  { hang }: TestRequest,
  stream: ServerStreamingServer<typeof TestResponseSchema>,
): Promise<void> {
  const { signal } = stream.context;
  await stream.send({});
  for (const end = Date.now() + LONG_MS; Date.now() < end; ) {
    await delay(OFTEN_MS, undefined, { signal });
    if (!hang) await stream.send({});
  }
}
