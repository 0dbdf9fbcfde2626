// SPDX-License-Identifier: Apache-2.0
import { getEventListeners } from "node:events";
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { type Combination, combinations } from "../support/clients/kinds.js";
import { ourTransport } from "../support/clients/transports.js";
import { pair } from "../support/fixture.js";
import { failure, type Gate, gate, until } from "../support/gate.js";
import { createLabServiceClient, type LabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { connectOn2, grpcOn2, grpcWebOn1, type Wire, wires } from "../support/wires.js";

const CALLS = 1000;
/** At once: enough to overlap in every way, within what one connection allows. */
const BATCH = 50;

const on2 = combinations.filter(({ wire }) => wire.protocol !== "grpc-web" && wire.http === "2");

/** Runs `call` with 0 … `count` - 1, a batch at a time. */
async function inBatches(count: number, call: (i: number) => Promise<unknown>): Promise<void> {
  for (let from = 0; from < count; from += BATCH) {
    await Promise.all(
      Array.from({ length: Math.min(BATCH, count - from) }, (_, i) => call(from + i)),
    );
  }
}

describe.each(on2)("$name", (combination: Combination) => {
  it(`${CALLS} cancelled uploads, and none is seen as an end`, async () => {
    const received = new Map<number, Gate<void>>();
    const ends = { clean: 0, canceled: 0, other: 0 };
    await using p = await pair(combination, {
      async upload(stream) {
        try {
          for await (const { number } of stream) received.get(Number(number))?.resolve();
          ends.clean++;
        } catch (error) {
          if (ConnectError.from(error).code === Code.Canceled) ends.canceled++;
          else ends.other++;
          throw error;
        }
      },
    });
    await inBatches(CALLS, async (i) => {
      const arrived = gate();
      received.set(i, arrived);
      const call = p.client.upload();
      const response = combination.client.generated ? undefined : failure(call.recv());
      await call.send({ number: BigInt(i) });
      await arrived.promise;
      call.cancel();
      await response;
    });
    await p.lab.idle();
    await until(() => ends.clean + ends.canceled + ends.other === CALLS);
    expect(ends).toEqual({ clean: 0, canceled: CALLS, other: 0 });
  });

  it(`${CALLS} early returns and errors leave no open stream`, async () => {
    await using p = await pair(combination, {
      async upload(stream) {
        const first = await stream.recv();
        if (Number(first?.number) % 2) throw new ConnectError("early", Code.Aborted);
        await stream.sendAndClose({});
      },
      async chat(stream) {
        const first = await stream.recv();
        if (Number(first?.number) % 4 === 1) throw new ConnectError("early", Code.Aborted);
      },
    });
    await inBatches(CALLS, async (i) => {
      const call = i % 4 < 2 ? p.client.chat() : p.client.upload();
      call.send({ number: BigInt(i) }).catch(() => undefined);
      call.send({ number: BigInt(i) }).catch(() => undefined);
      await call.recv().catch(() => undefined);
    });
    await p.lab.idle();
    expect(p.lab.open).toBe(0);
    expect(p.lab.served).toBe(CALLS);
  });

  it(`${CALLS} calls aborted under backpressure all run their finally`, async () => {
    let started = 0;
    let cleaned = 0;
    await using p = await pair(combination, {
      async download(_request, stream) {
        started++;
        try {
          for (;;) await stream.send({ payload: new Uint8Array(32 * 1024).fill(started) });
        } finally {
          cleaned++;
        }
      },
    });
    await inBatches(CALLS, async () => {
      const call = p.client.download({});
      await call.recv();
      call.cancel();
    });
    await p.lab.idle();
    await until(() => cleaned === CALLS);
    expect(started).toBe(CALLS);
  });
});

/** Ways for a call to end. Each leaves nothing behind. */
const ways: readonly ((client: LabServiceClient, signal: AbortSignal) => Promise<unknown>)[] = [
  (client, signal) => client.unary({ text: "ok" }, { signal }),
  (client, signal) => client.unary({ text: "error" }, { signal }),
  (client, signal) => client.unary({ text: "fault" }, { signal }),
  (client) => client.unary({ text: "hang" }, { timeoutMs: 5 }),
  (client, signal) => drain(client.download({ text: "ok" }, { signal })),
  (client, signal) => drain(client.download({ text: "error" }, { signal })),
  (client, signal) => drain(client.download({ text: "fault" }, { signal })),
  (client, signal) => drain(client.download({ text: "hang" }, { timeoutMs: 5, signal })),
  async (client, signal) => {
    for await (const _ of client.download({ text: "endless" }, { signal })) break;
  },
  async (client, signal) => client.download({ text: "endless" }, { signal }).close(),
  (client) => client.upload({ signal: AbortSignal.abort() }).closeAndRecv(),
  async (client, signal) => {
    const upload = client.upload({ signal });
    void upload.send({ text: "ok" });
    await upload.closeAndRecv();
  },
  async (client, signal) => {
    const upload = client.upload({ signal });
    void upload.send({ text: "error" });
    void upload.send({ text: "more" });
    await upload.closeAndRecv();
  },
  async (client, signal) => {
    await using upload = client.upload({ signal });
    await upload.send({ text: "ok" });
  },
  async (client, signal) => {
    const upload = client.upload({ signal });
    await upload.send({ text: "early" });
    await upload.outcome;
  },
];

/** For full duplex alone. */
const chatWays: typeof ways = [
  async (client, signal) => {
    const chat = client.chat({ signal });
    await chat.send({ text: "ok" });
    await chat.recv();
    await chat.closeSend();
    await chat.recv();
  },
  async (client, signal) => {
    const chat = client.chat({ signal });
    void chat.recv();
    await chat.send({ text: "ok" });
    chat.close();
  },
  async (client, signal) => {
    const chat = client.chat({ signal });
    void chat.send({ text: "early" });
    await chat.recv();
  },
  (client) => client.chat({ timeoutMs: 5 }).recv(),
  async (client, signal) => {
    const chat = client.chat({ signal });
    void chat.recv({ timeoutMs: 1, signal });
    void chat.recv({ timeoutMs: 1_000_000, signal });
    await chat.send({ text: "error" }, { signal });
    await chat.recv();
  },
];

async function drain(messages: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of messages);
}

async function act(text: string | undefined, signal: AbortSignal): Promise<void> {
  if (text === "error") throw new ConnectError("error", Code.OutOfRange);
  if (text === "fault") throw new Error("fault");
  if (text === "hang") await new Promise((resolve) => signal.addEventListener("abort", resolve));
}

describe("10,000 calls of all kinds, ended in all ways", () => {
  it.each(wires)("$name: nothing is left", async (wire: Wire) => {
    const shutdown = new AbortController();
    const before = resources();
    const signals = new Set<AbortSignal>();
    const client = new AbortController();
    {
      await using lab = await startLab(
        {
          async unary({ text }, { signal }) {
            signals.add(signal);
            await act(text, signal);
            return {};
          },
          async download({ text }, stream) {
            await stream.send({});
            await act(text, stream.context.signal);
            while (text === "endless") await stream.send({ payload: new Uint8Array(1000) });
          },
          async upload(stream) {
            for await (const { text } of stream) {
              await act(text, stream.context.signal);
              if (text === "early") break;
            }
            await stream.sendAndClose({});
          },
          async chat(stream) {
            for await (const { text } of stream) {
              await act(text, stream.context.signal);
              if (text === "early") break;
              await stream.send({});
            }
          },
        },
        {
          http: wire.http,
          adapter: { shutdownSignal: shutdown.signal },
          service: { onError: () => undefined },
        },
      );
      const ourClient = createLabServiceClient(ourTransport(lab.url, wire));
      const all = wire.http === "2" ? [...ways, ...chatWays] : ways;
      // Over HTTP/1.1 a call that breaks off costs its connection.
      await inBatches(wire.http === "2" ? 2800 : 800, async (i) => {
        const end = all[i % all.length];
        await end?.(ourClient, client.signal).catch((error: unknown) => {
          expect(error).toBeInstanceOf(ConnectError);
        });
      });
      await lab.idle();
      expect(getEventListeners(client.signal, "abort").length).toBe(0);
      // One for all the calls, and Connect's own for what it still serves.
      expect(getEventListeners(shutdown.signal, "abort").length).toBeLessThan(5);
    }
    await until(() => resources() <= before);
  });
});

describe("many streams and one shutdown signal", () => {
  it.each([grpcOn2, connectOn2, grpcWebOn1])(
    "$name: no warning, and all of them end",
    async (wire) => {
      const shutdown = new AbortController();
      let started = 0;
      let aborted = 0;
      await using lab = await startLab(
        {
          async download(_request, stream) {
            started++;
            stream.sendHeaders();
            await new Promise((resolve) =>
              stream.context.signal.addEventListener("abort", resolve),
            );
            aborted++;
          },
        },
        { http: wire.http, adapter: { shutdownSignal: shutdown.signal } },
      );
      const client = createLabServiceClient(ourTransport(lab.url, wire));
      const errors = Array.from({ length: 50 }, () => failure(client.download({}).recv()));
      await until(() => started === 50);
      shutdown.abort();
      for (const { code } of await Promise.all(errors)) expect(code).toBe(Code.Unavailable);
      await lab.idle();
      expect(aborted).toBe(50);
      const late = await failure(client.download({}).recv());
      expect(late.code).toBe(Code.Unavailable);
    },
  );
});

/** What keeps the process alive: timers, sockets and the like. */
function resources(): number {
  return process.getActiveResourcesInfo().filter((name) => name !== "TTYWrap").length;
}
