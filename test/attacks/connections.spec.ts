// SPDX-License-Identifier: Apache-2.0
// Connections that are many, that go on for nothing, or that do not end; and those of HTTP/1.1.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frame } from "../http2/support/frames.js";
import { turn, until } from "../support/gate.js";
import { type Attacker, PREFACE } from "./attacker.js";
import { Victim } from "./victim.js";

const MIB = 1024 * 1024;

const PING = 6;

/** Sends `bytes` every few milliseconds until the server has given up the connection. */
async function chatter(attacker: Attacker, bytes: Uint8Array | string): Promise<void> {
  const timer = setInterval(() => void attacker.write(bytes), 20);
  await attacker.closed;
  clearInterval(timer);
}

/** An RPC over HTTP/1.1, with an empty body. */
function http1(rpc: string): string {
  const head = `POST /lab.v1.LabService/${rpc} HTTP/1.1\r\nhost: lab\r\n`;
  return `${head}content-type: application/connect+json\r\ncontent-length: 0\r\n\r\n`;
}

describe("with the defaults", () => {
  let victim: Victim;

  beforeAll(async () => {
    victim = await Victim.start();
  });

  afterAll(() => victim[Symbol.asyncDispose]());

  it("1000 idle connections hold little", async () => {
    await victim.survive(async () => {
      const before = await victim.stats();
      const attackers = Array.from({ length: 1000 }, () => victim.attacker());
      await until(() => attackers.every(({ frames }) => frames.length > 0));
      const { heapBytes } = await victim.stats();
      expect(heapBytes - before.heapBytes).toBeLessThan(32 * MIB);
      expect(attackers.some(({ over }) => over)).toBe(false);
    });
  });

  it("50,000 requests pipelined over HTTP/1.1: one runs, and the connection is closed", async () => {
    await victim.stats();
    await victim.survive(async () => {
      const attacker = victim.attacker({ greets: false });
      for (let i = 0; i < 50 && !attacker.over; i++) {
        await attacker.write(http1("Chat").repeat(1000));
        await turn();
      }
      await until(() => attacker.over);
      // A lawful call may run beside it.
      expect((await victim.stats()).mostRunning).toBeLessThanOrEqual(2);
    });
  });

  it("a head of HTTP/1.1 that does not end", async () => {
    await victim.survive(async () => {
      const attacker = victim.attacker({ greets: false });
      await attacker.write("POST / HTTP/1.1\r\n");
      await attacker.flood(() => Buffer.from(`x-a: ${"a".repeat(100)}\r\n`));
      // Node closes at once: the answer may be lost with what the server has not read.
      expect(["", "HTTP/1.1 431"]).toContain(attacker.text.slice(0, 12));
    });
  });

  it("HTTP/2 that turns into something else", async () => {
    await victim.survive(async () => {
      const attacker = victim.attacker({ greets: false });
      await attacker.write(`${PREFACE}${"GET / HTTP/1.1\r\n".repeat(1000)}`);
      await until(() => attacker.over);
    });
  });
});

/** What is sent at a rate that the server does not mind. */
const ignored: [what: string, bytes: Uint8Array][] = [
  ["PRIORITY", frame(2, 0, 1, [0, 0, 0, 3, 0])],
  ["frames of unknown types", frame(77, 0, 0, [1, 2, 3])],
  ["answers to pings that nobody sent", frame(PING, 1, 0, Buffer.alloc(8))],
  ["WINDOW_UPDATE", frame(8, 0, 0, [0, 0, 0, 1])],
];

describe("goodbyes", () => {
  it("a connection on which only ignored frames come is idle, and is cut", {
    timeout: 60_000,
  }, async () => {
    await using victim = await Victim.start({ idleTimeoutMs: 500 });
    await victim.survive(async () => {
      const attackers = ignored.map(([, bytes]) => {
        const attacker = victim.attacker();
        return chatter(attacker, bytes).then(() => attacker.goaway);
      });
      expect(await Promise.all(attackers)).toEqual(ignored.map(() => 0));
    });
  });

  it("a server that closes waits for nobody who ignores it", { timeout: 60_000 }, async () => {
    await using victim = await Victim.start();
    const calling = victim.attacker();
    await calling.write(calling.call(1, "Upload"));
    const idle = victim.attacker();
    const silent = victim.attacker();
    const old = victim.attacker({ greets: false });
    await old.write(`${http1("Upload")}POST /`);
    await until(() => old.text !== "");
    for (let running = 0; running < 1; ) running = await victim.running();
    const ends = [
      chatter(calling, frame(0, 0, 1, [0])),
      chatter(idle, frame(77, 0, 0)),
      until(() => silent.over),
      chatter(old, "a"),
    ];
    await victim.close();
    await Promise.all(ends);
    expect(await victim.running()).toBe(0);
  });
});
