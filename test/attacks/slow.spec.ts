// SPDX-License-Identifier: Apache-2.0
// Clients that are slow, at a time: each has ten seconds for what it does not get done.
import { describe, expect, it } from "vitest";
import { frame, settings } from "../http2/support/frames.js";
import { until } from "../support/gate.js";
import { type Attacker, type AttackerOptions, ErrorCode, PREFACE, request } from "./attacker.js";
import { Victim } from "./victim.js";

const { ENHANCE_YOUR_CALM, PROTOCOL_ERROR, SETTINGS_TIMEOUT } = ErrorCode;

/** Between two bytes of a client that is slow, in milliseconds. */
const PAUSE_MS = 200;

/** Sends the pieces slowly, and the last again and again, until the server ends the connection. */
async function drip(attacker: Attacker, pieces: readonly (Uint8Array | string)[]): Promise<void> {
  for (let i = 0; !attacker.over; i++) {
    await attacker.write(pieces[Math.min(i, pieces.length - 1)] ?? "");
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Sends nothing. */
function wait(attacker: Attacker): Promise<void> {
  return until(() => attacker.over);
}

interface SlowClient {
  readonly what: string;
  readonly options?: AttackerOptions;
  /** What the server's GOAWAY says; `undefined`: it just leaves. */
  readonly code?: number;
  attack(attacker: Attacker): Promise<void>;
}

/** The first bytes of a TLS record, and as many as it takes. */
const clientHello = [Buffer.from([22]), Buffer.from([3]), Buffer.from([1]), Buffer.from([2])];

/** A SETTINGS frame of 60 bytes that comes byte by byte. */
const largeSettings = [
  ...settings(...Array.from({ length: 10 }, () => [99, 0] as [number, number])),
];

const clear: SlowClient[] = [
  { what: "says nothing", options: { greets: false }, attack: wait },
  {
    what: "does not say which protocol it speaks",
    options: { greets: false },
    attack: (attacker) => drip(attacker, ["P", ""]),
  },
  {
    what: "is slow with its preface",
    options: { greets: false, frames: true },
    code: PROTOCOL_ERROR,
    attack: (attacker) => drip(attacker, [PREFACE.slice(0, 5), PREFACE.slice(5, 9), ""]),
  },
  {
    what: "is slow with its settings",
    options: { greets: false, frames: true },
    code: PROTOCOL_ERROR,
    attack: (attacker) =>
      drip(attacker, [PREFACE, ...largeSettings.map((byte) => Buffer.from([byte]))]),
  },
  {
    what: "does not acknowledge settings",
    options: { greets: false, frames: true },
    code: SETTINGS_TIMEOUT,
    attack: (attacker) => drip(attacker, [PREFACE, settings(), ""]),
  },
  {
    what: "is slow with a header block",
    code: ENHANCE_YOUR_CALM,
    attack: (attacker) =>
      drip(attacker, [
        frame(1, 0, 1, attacker.peer.block(request("Upload"))),
        frame(9, 0, 1, [0, 1, 97, 1, 98]),
      ]),
  },
];

const secure: SlowClient[] = [
  {
    what: "does not shake hands",
    options: { greets: false },
    attack: wait,
  },
  {
    what: "shakes hands slowly",
    options: { greets: false },
    attack: (attacker) => drip(attacker, [...clientHello, "\0"]),
  },
  {
    what: "says nothing after that",
    options: { greets: false, secure: true, frames: true },
    code: PROTOCOL_ERROR,
    attack: wait,
  },
];

/** All at once, since they take as long as they may. */
async function outlast(victim: Victim, clients: readonly SlowClient[]): Promise<void> {
  await victim.survive(async () => {
    const attacks = clients.map(async ({ what, options, code, attack }) => {
      const attacker = victim.attacker(options);
      await attack(attacker);
      expect([what, attacker.goaway]).toEqual([what, code]);
    });
    await Promise.all(attacks);
  });
}

describe.concurrent("a client has ten seconds", () => {
  it("in clear text", { timeout: 60_000 }, async () => {
    await using victim = await Victim.start();
    await outlast(victim, clear);
  });

  it("over TLS", { timeout: 60_000 }, async () => {
    await using victim = await Victim.start({ secure: true });
    await outlast(victim, secure);
  });
});
