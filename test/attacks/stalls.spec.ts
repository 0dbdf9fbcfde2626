// SPDX-License-Identifier: Apache-2.0
// Clients that break the rules of flow control, or keep them and take nothing.

import { create } from "@bufbuild/protobuf";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frame, settings, uint32 } from "../http2/support/frames.js";
import { turn, until } from "../support/gate.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { noteEnvelope } from "../support/raw.js";
import { type Attacker, ErrorCode, lastData } from "./attacker.js";
import { Victim } from "./victim.js";

const { CANCEL, ENHANCE_YOUR_CALM, FLOW_CONTROL_ERROR, REFUSED_STREAM } = ErrorCode;

const MIB = 1024 * 1024;

/** Calls that a connection may have open. */
const MAX_CALLS = 250;

/** What all calls of a connection may hold that waits for a client, and more than enough around it. */
const HELD_BYTES: number = 64 * MIB;

describe("flow control", () => {
  let victim: Victim;

  beforeAll(async () => {
    victim = await Victim.start();
  });

  afterAll(() => victim[Symbol.asyncDispose]());

  const largest = 2 ** 31 - 1;
  const overflows: [what: string, make: (attacker: Attacker) => Uint8Array][] = [
    ["a window of the connection that overflows", () => frame(8, 0, 0, uint32(largest))],
    ["SETTINGS with a window that is too large", () => settings([4, 2 ** 31])],
    [
      "SETTINGS that make a stream's window overflow",
      (attacker) =>
        Buffer.concat([
          attacker.call(1, "Upload"),
          frame(8, 0, 1, uint32(largest - 65_535)),
          settings([4, 65_536]),
        ]),
    ],
  ];

  it.each(overflows)("%s: FLOW_CONTROL_ERROR", async (_, make) => {
    await victim.survive(async () => {
      const attacker = victim.attacker();
      await attacker.write(make(attacker));
      await until(() => attacker.over);
      expect(attacker.goaway).toBe(FLOW_CONTROL_ERROR);
    });
  });

  it("more data than a window has room for: FLOW_CONTROL_ERROR", async () => {
    await victim.survive(async () => {
      const attacker = victim.attacker();
      // A call that nobody reads.
      await attacker.write(attacker.call(1, "Chat"));
      const data = frame(0, 0, 1, Buffer.alloc(16_384));
      while (!attacker.resets.has(FLOW_CONTROL_ERROR)) {
        await attacker.write(data);
        await turn();
      }
      // What comes for that call then is left out, and costs the others nothing.
      for (let i = 0; i < 500; i++) await attacker.write(data);
      await attacker.write(Buffer.concat([attacker.call(3, "Unary"), lastData(3, noteEnvelope())]));
      await until(() => attacker.frames.some(({ type, streamId }) => type === 0 && streamId === 3));
    });
  });

  it("a client that never reads holds a buffer for each call, until it leaves", async () => {
    const text = "a".repeat(30_000);
    const message = noteEnvelope(create(NoteSchema, { text, number: 1_000_000n }));
    await victim.survive(async () => {
      const before = await victim.stats();
      const attacker = victim.attacker({ reads: false, settings: [[4, largest]] });
      await attacker.write(frame(8, 0, 0, uint32(largest - 65_535)));
      for (let i = 0; i < 30; i++) {
        const id = 2 * i + 1;
        const [head, rest] = [message.subarray(0, 16_000), message.subarray(16_000)];
        const call = [attacker.call(id, "Download"), frame(0, 0, id, head), frame(0, 1, id, rest)];
        await attacker.write(Buffer.concat(call));
      }
      for (let running = 0; running < 30; ) running = await victim.running();
      for (let i = 0; i < 100; i++) await victim.lawful();
      const { heapBytes, running } = await victim.stats();
      expect(running).toBeGreaterThanOrEqual(30);
      expect(heapBytes - before.heapBytes).toBeLessThan(HELD_BYTES);
    });
  });
});

describe("complete responses that nobody takes", () => {
  it("hold the places of their calls, and end after a time", async () => {
    await using victim = await Victim.start({ http2: { stallTimeoutMs: 2000 } });
    const text = "a".repeat(1000);
    await victim.survive(async () => {
      const before = await victim.stats();
      const attacker = victim.attacker({ settings: [[4, 0]] });
      for (let i = 0; i < 2 * MAX_CALLS; i++) {
        const id = 2 * i + 1;
        const body = noteEnvelope(create(NoteSchema, { text }));
        await attacker.write(Buffer.concat([attacker.call(id, "Unary"), frame(0, 1, id, body)]));
      }
      await until(() => attacker.over);
      // So many at once are taken for an attack.
      expect(attacker.goaway).toBe(ENHANCE_YOUR_CALM);
      expect(attacker.resets.get(REFUSED_STREAM)).toBe(MAX_CALLS);
      expect(attacker.resets.get(CANCEL)).toBeGreaterThan(100);
      const { heapBytes } = await victim.stats();
      expect(heapBytes - before.heapBytes).toBeLessThan(HELD_BYTES);
    });
    expect((await victim.problems()).map(({ message }) => message)).toContain(
      "a response that is not read",
    );
  });
});
