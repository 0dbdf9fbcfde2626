// SPDX-License-Identifier: Apache-2.0
// Proxies end streams that are silent. To most, pings between server and proxy are no sound.
import { once } from "node:events";
import { createStreamTransport, serve } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { grpcOn2, grpcWebOn1, type Wire } from "../interop/peer.js";
import { gate } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import {
  createHeartbeatServiceClient,
  registerHeartbeatService,
} from "../support/gen/lab/v1/policy_stream.js";
import { envoy, haproxy, nginx, skips, startProxy } from "./proxy.js";

/** Five times the interval of the schema. */
const idle = "5s";

const here = [nginx, haproxy, envoy].filter((program) => !skips(program));
const cases = here.flatMap((program) => [grpcOn2, grpcWebOn1].map((wire) => ({ program, wire })));

describe.concurrent.each(cases)("$program.name, $wire.protocol", ({ program, wire }) => {
  // `grpc_pass` has a connection for each call, and counts whatever it reads there.
  const countsPings = program === nginx && wire === grpcOn2;

  it("keep a quiet stream open that is cut without them", async ({ onTestFinished }) => {
    const over = gate();
    const server = await serve({
      keepAlive: countsPings ? false : { intervalMs: 1000 },
      routes(router) {
        registerHeartbeatService(router, {
          async watch(_request, stream) {
            await stream.send({ text: "first" });
            await over.promise;
            await stream.send({ text: "last" });
          },
        });
        registerLabService(router, {
          async download(_request, stream) {
            await stream.send({ text: "first" });
            await once(stream.context.signal, "abort");
          },
        });
      },
    });
    onTestFinished(() => server.close({ graceMs: 0 }));
    const proxy = await startProxy(program, server.url, idle);
    onTestFinished(() => proxy.close());
    const front = wire.http === "2" ? proxy.http2 : proxy.http1;
    // Connections of their own: a proxy may end both with one.
    const alive = createHeartbeatServiceClient(connectTo(front, wire)).watch({});
    expect((await alive.recv())?.text).toBe("first");
    // From then on as silent, but for heartbeats.
    const silent = createLabServiceClient(connectTo(front, wire)).download({});
    expect((await silent.recv())?.text).toBe("first");
    const { code, durationMs } = await silent.outcome;
    expect([code === undefined, durationMs > 4000]).toEqual([false, true]);
    over.resolve();
    expect((await alive.recv())?.text).toBe("last");
    expect(await alive.recv()).toBeUndefined();
    expect((await alive.outcome).code).toBeUndefined();
  });
});

function connectTo(baseUrl: string, { protocol, http }: Wire) {
  return http === "2"
    ? createStreamTransport({ baseUrl, protocol, httpVersion: "2" })
    : createStreamTransport({ baseUrl, protocol, httpVersion: "1.1" });
}
