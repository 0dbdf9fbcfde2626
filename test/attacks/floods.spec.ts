// SPDX-License-Identifier: Apache-2.0
// Frames without end: each flood ends its connection, with the reason, and hurts nobody else.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { frame, settings, uint32 } from "../http2/support/frames.js";
import { type Attacker, type AttackerOptions, ErrorCode, request } from "./attacker.js";
import { Victim } from "./victim.js";

const { CANCEL, ENHANCE_YOUR_CALM, REFUSED_STREAM } = ErrorCode;

/** Who is cut off comes again. */
const CONNECTIONS = 4;

let victim: Victim;

beforeAll(async () => {
  victim = await Victim.start();
});

afterAll(() => victim[Symbol.asyncDispose]());

/** Floods from one connection after the other. Each is ended for `message`. Resolves to the last. */
async function floods(
  make: (i: number, attacker: Attacker) => Uint8Array,
  message: RegExp,
  options?: AttackerOptions,
): Promise<Attacker> {
  await victim.problems();
  const last = await victim.survive(async () => {
    let attacker: Attacker;
    for (let n = 1; ; n++) {
      attacker = victim.attacker(options);
      await attacker.flood((i) => make(i, attacker));
      expect(attacker.goaway).toBe(ENHANCE_YOUR_CALM);
      if (n === CONNECTIONS) return attacker;
    }
  });
  const problems = (await victim.problems()).filter(({ scope }) => scope === "connection");
  expect(problems).toHaveLength(CONNECTIONS);
  for (const problem of problems) {
    expect(problem).toMatchObject({
      code: ENHANCE_YOUR_CALM,
      message: expect.stringMatching(message),
    });
  }
  return last;
}

/** A call on the first stream, and then `then`. */
const onCall = (then: Uint8Array) => (i: number, attacker: Attacker) =>
  i === 0 ? attacker.call(1, "Upload") : then;

const reset = (streamId: number) => frame(3, 0, streamId, uint32(CANCEL));

describe("resets", () => {
  it("rapid, of handlers that end with their signals (CVE-2023-44487)", async () => {
    const pair = (i: number, attacker: Attacker) =>
      Buffer.concat([attacker.call(2 * i + 1, "Upload"), reset(2 * i + 1)]);
    await floods(pair, /streams reset|SETTINGS_MAX_CONCURRENT_STREAMS/);
  });

  it("rapid, of handlers that go on: no more of them than a connection may have calls", async () => {
    await victim.problems();
    await victim.stats();
    await victim.survive(async () => {
      const attacker = victim.attacker();
      const pair = (i: number) =>
        Buffer.concat([attacker.call(2 * i + 1, "Chat"), reset(2 * i + 1)]);
      await attacker.flood(pair);
      expect(attacker.goaway).toBe(ENHANCE_YOUR_CALM);
      expect(attacker.resets.get(REFUSED_STREAM)).toBeGreaterThan(100);
      const { running, mostRunning } = await victim.stats();
      // A lawful call may run beside them.
      expect(mostRunning).toBeLessThanOrEqual(251);
      expect(running).toBeGreaterThanOrEqual(250);
    });
  });

  /** Each makes the server reset a call that has begun. */
  const errors: [what: string, (streamId: number, attacker: Attacker) => Uint8Array][] = [
    ["a window update of 0", (id) => frame(8, 0, id, uint32(0))],
    ["a window that overflows", (id) => frame(8, 0, id, uint32(2 ** 31 - 1))],
    ["trailers that do not end", (id, { peer }) => peer.headers(id, [["x-a", "1"]])],
    ["DATA after the end", (id) => Buffer.concat([frame(0, 1, id), frame(0, 1, id, [0])])],
    ["a stream that depends on itself", (id) => frame(2, 0, id, [...uint32(id), 0])],
  ];

  it.each(errors)("made by the server, for %s (CVE-2025-8671)", async (_, err) => {
    await floods((i, attacker) => {
      const id = 2 * i + 1;
      return Buffer.concat([attacker.call(id, "Upload"), err(id, attacker)]);
    }, /streams with errors/);
  });

  it("malformed requests", async () => {
    const malformed = (i: number, { peer }: Attacker) => peer.headers(2 * i + 1, [["x-a", "1"]]);
    await floods(malformed, /streams with errors/);
  });

  it("calls beyond the limit, which stay open", async () => {
    await floods((i, attacker) => attacker.call(2 * i + 1, "Upload"), /MAX_CONCURRENT_STREAMS/);
    expect((await victim.stats()).running).toBe(0);
  });
});

describe("frames", () => {
  const kinds: [what: string, RegExp, (i: number, attacker: Attacker) => Uint8Array][] = [
    ["SETTINGS (CVE-2019-9515)", /SETTINGS frames/, () => settings()],
    ["PING (CVE-2019-9512)", /too_many_pings/, () => frame(6, 0, 0, Buffer.alloc(8))],
    ["empty DATA (CVE-2019-9518)", /empty frames/, onCall(frame(0, 0, 1))],
    ["DATA of padding alone", /empty frames/, onCall(frame(0, 8, 1, [0]))],
    ["PRIORITY (CVE-2019-9513)", /PRIORITY/, () => frame(2, 0, 1, [0, 0, 0, 3, 0])],
    ["unknown types", /unknown frames/, () => frame(77, 0, 0, Buffer.alloc(100))],
    ["WINDOW_UPDATE of the connection", /WINDOW_UPDATE/, () => frame(8, 0, 0, uint32(1))],
    ["WINDOW_UPDATE of a stream", /WINDOW_UPDATE/, onCall(frame(8, 0, 1, uint32(1)))],
  ];

  it.each(kinds)("%s", async (_, message, make) => {
    await floods(make, message);
  });

  // Where the server reads many at once, they are too many before they have done anything.
  it("windows of one byte (CVE-2019-9511)", async () => {
    // The message asks for a response of many frames.
    const body = Buffer.from([0, 0, 0, 0, 105, 0x10, 1, 0x0a, 101, ...Buffer.alloc(101, "a")]);
    await floods(
      (i, attacker) => {
        if (i > 0) return frame(8, 0, 1 + 2 * (i % 100), uint32(1));
        const calls = Array.from({ length: 100 }, (_, n) =>
          Buffer.concat([attacker.call(1 + 2 * n, "Download"), frame(0, 1, 1 + 2 * n, body)]),
        );
        return Buffer.concat(calls);
      },
      /windows of a few bytes|WINDOW_UPDATE/,
      { settings: [[4, 0]] },
    );
  });
});

describe("headers", () => {
  /** A field of 100 bytes, as a literal. */
  const field = Buffer.concat([Buffer.from([0, 1, 97, 100]), Buffer.alloc(100, "b")]);

  it("CONTINUATION without end (CVE-2024-27316)", async () => {
    await floods(
      (i, { peer }) =>
        i === 0 ? frame(1, 0, 1, peer.block(request("Unary"))) : frame(9, 0, 1, field),
      /header block|does not end/,
    );
  });

  it("empty CONTINUATION", async () => {
    await floods((i) => frame(i === 0 ? 1 : 9, 0, 1), /header block|does not end/);
  });

  it("a block of megabytes in large frames", async () => {
    const large = Buffer.concat(Array.from({ length: 150 }, () => field));
    const [first, next] = [frame(1, 0, 1, large), frame(9, 0, 1, large)];
    await floods((i) => (i === 0 ? first : next), /header block|does not end/);
  });

  it("HPACK bombs: a small block that becomes a list of megabytes", async () => {
    const value = "v".repeat(1900);
    let again = Buffer.alloc(0);
    const last = await floods((i, attacker) => {
      const { peer } = attacker;
      if (i === 0) return attacker.call(1, "Upload", [["x-bomb", value]]);
      if (i === 1) {
        const bomb = Array.from({ length: 2000 }, () => ["x-bomb", value] as const);
        const block = peer.block([...request("Upload"), ...bomb]);
        expect(block.length).toBeLessThan(3000);
        again = Buffer.from(frame(1, 4, 1, block));
      }
      again.writeUInt32BE(2 * i + 1, 5);
      return Buffer.from(again);
    }, /header lists that are too large/);
    expect(last.resets.get(ENHANCE_YOUR_CALM)).toBeGreaterThan(200);
  });

  it("lists beyond the limit: the connection lives until there are too many", async () => {
    const fields = Buffer.concat(Array.from({ length: 180 }, () => field));
    const frames = [
      frame(1, 0, 1, fields.subarray(0, 16_000)),
      frame(9, 4, 1, fields.subarray(16_000)),
    ];
    const last = await floods((i) => {
      const again = frames.map((bytes) => Buffer.from(bytes));
      for (const bytes of again) bytes.writeUInt32BE(2 * i + 1, 5);
      return Buffer.concat(again);
    }, /header lists that are too large/);
    expect(last.resets.get(ENHANCE_YOUR_CALM)).toBeGreaterThan(200);
  });
});
