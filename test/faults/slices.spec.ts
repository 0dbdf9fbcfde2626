// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type Transport } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import { describe, expect, it } from "vitest";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { type Wire, wires } from "../support/wires.js";
import { type Chaos, type Direction, startChaosProxy } from "./chaos-proxy.js";
import { codeOf, Settlements } from "./settlements.js";
import { ownTransport } from "./transport.js";

const COUNT = 5;

/** How many places of an exchange to cut at; each takes a server of its own. */
const OFFSETS = process.env.RELIABILITY === "long" ? Number.POSITIVE_INFINITY : 40;

/** What an exchange gave its client. */
interface Exchange {
  readonly outcome: StreamOutcome;
  /** Texts of the messages received, and of the trailer. */
  readonly received: string[];
  /** The end of the stream came as a value. */
  readonly ended: boolean;
}

/** Echoes, and says at the end how many messages there were. */
function echo(handlers: Settlements): Partial<LabServiceHandler> {
  const watched = (body: Promise<void>) => {
    handlers.watch("handler", body);
    return body;
  };
  return {
    download: (_request, stream) =>
      watched(
        (async () => {
          for (let i = 0; i < COUNT; i++) await stream.send({ text: `m${i}` });
          stream.context.responseTrailer.set("count", String(COUNT));
        })(),
      ),
    upload: (stream) =>
      watched(
        (async () => {
          const texts: string[] = [];
          for await (const { text } of stream) texts.push(text);
          stream.context.responseTrailer.set("count", String(texts.length));
          await stream.sendAndClose({ text: texts.join() });
        })(),
      ),
    chat: (stream) =>
      watched(
        (async () => {
          let count = 0;
          for await (const { text } of stream) {
            await stream.send({ text });
            count++;
          }
          stream.context.responseTrailer.set("count", String(count));
        })(),
      ),
  };
}

const numbered = Array.from({ length: COUNT }, (_, i) => `m${i}`);
const whole = { download: numbered, upload: [numbered.join()], chat: numbered };
type Kind = keyof typeof whole;

async function exchange(kind: Kind, transport: Transport): Promise<Exchange> {
  const client = createLabServiceClient(transport);
  const received: string[] = [];
  let ended = false;
  const receive = async (stream: AsyncIterable<{ text: string }>) => {
    for await (const { text } of stream) received.push(text);
    ended = true;
  };
  const ignore = () => undefined;
  if (kind === "download") {
    const call = client.download({});
    await receive(call).catch(ignore);
    return { outcome: await call.outcome, received, ended };
  }
  if (kind === "upload") {
    const call = client.upload();
    for (const text of numbered) void call.send({ text });
    try {
      received.push((await call.closeAndRecv()).text);
      ended = true;
    } catch {
      // The outcome tells.
    }
    return { outcome: await call.outcome, received, ended };
  }
  const call = client.chat();
  for (const text of numbered) void call.send({ text });
  void call.closeSend();
  await receive(call).catch(ignore);
  return { outcome: await call.outcome, received, ended };
}

function kindsOf({ http }: Wire): readonly Kind[] {
  return http === "2" ? ["download", "upload", "chat"] : ["download", "upload"];
}

/** Runs one exchange under `chaos`, and waits until the server knows how it ended. */
async function run(wire: Wire, kind: Kind, chaos: Partial<Chaos>) {
  const handlers = new Settlements();
  await using lab = await startLab(echo(handlers), { http: wire.http });
  await using proxy = await startChaosProxy(lab.port);
  using own = ownTransport(proxy.url, wire);
  Object.assign(proxy.chaos, chaos);
  const result = await exchange(kind, own.transport);
  await lab.idle();
  const settled = await handlers.all("cut");
  for (const { name, settlement } of settled) {
    const code = codeOf(name, settlement);
    expect([undefined, Code.Canceled]).toContain(code);
  }
  return { ...result, passed: { ...proxy.passed } };
}

describe.each(wires)("$name", (wire) => {
  describe.each(kindsOf(wire))("%s", (kind) => {
    it("is the same in one-byte slices", async () => {
      const { received, ended, outcome } = await run(wire, kind, { slices: true });
      expect({ received, ended, code: outcome.code }).toEqual({
        received: whole[kind],
        ended: true,
        code: undefined,
      });
    });

    it("is the same with a delay", async () => {
      const { received, ended } = await run(wire, kind, { delayMs: 5 });
      expect({ received, ended }).toEqual({ received: whole[kind], ended: true });
    });

    it.each<Direction>(["up", "down"])(
      "cut after any byte going %s, never looks whole",
      async (direction) => {
        const { passed } = await run(wire, kind, {});
        const total = passed[direction];
        const step = Math.max(1, Math.floor(total / OFFSETS));
        for (let at = 1; at < total; at += step) {
          const cutAfter = { up: Number.POSITIVE_INFINITY, down: Number.POSITIVE_INFINITY };
          cutAfter[direction] = at;
          const { received, ended, outcome } = await run(wire, kind, { cutAfter });
          const where = `cut after ${at} of ${total} bytes`;
          expect(whole[kind].slice(0, received.length), where).toEqual(received);
          if (ended) expect({ where, received }).toEqual({ where, received: whole[kind] });
          else expect({ where, code: outcome.code }).toEqual({ where, code: Code.Unavailable });
          expect(outcome.error === undefined || outcome.error instanceof ConnectError).toBe(true);
        }
      },
    );
  });
});
