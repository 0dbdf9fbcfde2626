// SPDX-License-Identifier: Apache-2.0
import { type EventEmitter, getEventListeners } from "node:events";
import { readdirSync } from "node:fs";
import { Agent } from "node:http";
import type { Http2Session } from "node:http2";
import { connect } from "node:net";
import {
  createStreamTransport,
  type StreamNodeAdapterOptions,
  streamNodeAdapter,
} from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { createLabServiceClient, type LabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { type Wire, wires } from "../support/wires.js";
import { noteResources } from "./leaks.js";
import { handler, ways } from "./ways.js";

const WARM_UP_ROUNDS = 3;
/** Not more resets in all than nghttp2 lets a client make at once: 1000 a connection. */
const ROUNDS = process.env.RELIABILITY === "long" ? 200 : 30;
const TIMEOUT_MS = 20_000 + 1000 * ROUNDS;

describe.each(wires)("$name", (wire) => {
  it(
    `${ROUNDS} rounds of calls leave nothing on what they share`,
    async () => {
      const nothingLeft = await noteResources();
      {
        const connections = new Set<EventEmitter>();
        const [giveUp, shutdown] = [new AbortController().signal, new AbortController().signal];
        await using lab = await startLab(handler, {
          http: wire.http,
          adapter: { shutdownSignal: shutdown },
          listener: (options) => watchedListener(options, connections),
        });
        using own = watchedTransport(lab.url, wire, connections);
        const client = createLabServiceClient(own.transport);
        for (let i = 0; i < WARM_UP_ROUNDS; i++) await goAllWays(client, giveUp, wire);
        await lab.idle();
        const held = () => ({
          descriptors: readdirSync("/dev/fd").length,
          "listeners of signals": [giveUp, shutdown].flatMap((one) =>
            getEventListeners(one, "abort"),
          ).length,
          "listeners of HTTP/2 connections": [...connections].map(countListeners),
        });
        const before = held();
        for (let i = 0; i < ROUNDS; i++) await goAllWays(client, giveUp, wire);
        await lab.idle();
        await expect.poll(held).toEqual(before);
      }
      await nothingLeft();
    },
    TIMEOUT_MS,
  );
});

/** One call after the other: what is open in between does not depend on chance. */
async function goAllWays(client: LabServiceClient, signal: AbortSignal, wire: Wire): Promise<void> {
  await client.unary({}, { signal });
  for (const { name, code, needsHttp2, go } of ways) {
    if (needsHttp2 && wire.http === "1.1") continue;
    const { outcome } = await go(client, { signal });
    expect({ name, code: (await outcome).code }).toEqual({ name, code });
  }
}

function countListeners(emitter: EventEmitter): number {
  return emitter.eventNames().reduce((sum, name) => sum + emitter.listenerCount(name), 0);
}

/** An adapter that remembers its HTTP/2 connections. */
function watchedListener(options: StreamNodeAdapterOptions, connections: Set<EventEmitter>) {
  const listener = streamNodeAdapter(options);
  return (...[request, response]: Parameters<typeof listener>) => {
    if ("stream" in response) remember(response.stream.session, connections);
    listener(request, response);
  };
}

function remember(session: Http2Session | undefined, connections: Set<EventEmitter>): void {
  if (session) connections.add(session).add(session.socket);
}

function watchedTransport(baseUrl: string, { protocol, http }: Wire, seen: Set<EventEmitter>) {
  if (http === "1.1") {
    const agent = new Agent({ keepAlive: true });
    return {
      transport: createStreamTransport({
        ...{ baseUrl, protocol },
        httpVersion: "1.1",
        nodeOptions: { agent },
      }),
      [Symbol.dispose]: () => agent.destroy(),
    };
  }
  const transport = createStreamTransport({
    ...{ baseUrl, protocol },
    nodeOptions: {
      createConnection({ hostname, port }) {
        const socket = connect(Number(port), hostname);
        seen.add(socket);
        return socket;
      },
    },
  });
  return { transport, [Symbol.dispose]: () => void transport.close({ graceMs: 0 }) };
}
