// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { ErrorCode } from "../../../runtime/src/http2/index.js";
import { turn } from "../../support/gate.js";
import type { Call } from "./call.js";
import { addressOf, type Setup, type World } from "./world.js";

/** An operation, and two numbers for whatever it needs. */
export type Step = readonly [operation: Operation, a: number, b: number];

/** Calls of a sequence; more prove no more. */
const MAX_CALLS = 30;

function pick<T>(all: readonly T[], n: number): T | undefined {
  return all[n % Math.max(1, all.length)];
}

function unsettled(world: World): Call[] {
  return world.calls.filter(({ settled }) => !settled);
}

function running(world: World): Call[] {
  return world.calls.filter(({ isRunning }) => isRunning);
}

function indexOf({ setup }: World, n: number): number {
  return n % setup.ours.length;
}

const operations = {
  calls(world: World, a: number, b: number) {
    const count = Math.min(1 + (a % 4), MAX_CALLS - world.calls.length);
    for (let i = 0; i < count; i++) {
      const [isStream, leaves] = [(b >> i) % 2 === 0, (b >> (i + 4)) % 2 === 0];
      world.call({ isStream, leaves: isStream && leaves, hasDeadline: b % 7 === 0 });
    }
  },
  send(world: World, a: number, b: number) {
    const call = pick(unsettled(world), a);
    for (let left = 1 + (b % 3); left > 0; left--) call?.send();
  },
  halfClose(world: World, a: number) {
    const { stream } = pick(unsettled(world), a) ?? {};
    stream?.closeSend().catch(() => undefined);
  },
  cancel: (world: World, a: number) => pick(unsettled(world), a)?.abort.abort(),
  halfCloseAndCancel(world: World, a: number) {
    const call = pick(unsettled(world), a);
    call?.stream?.closeSend().catch(() => undefined);
    call?.abort.abort();
  },
  answer: (world: World, a: number) => pick(running(world), a)?.answer("return"),
  fail: (world: World, a: number) => pick(running(world), a)?.answer("throw"),
  cut(world: World, a: number) {
    const link = pick(world.network.open, a);
    if (link) world.network.cut(link);
  },
  silence(world: World, a: number) {
    const link = pick(world.network.open, a);
    if (link) world.network.silence(link);
  },
  down: (world: World, a: number, b: number) =>
    world.down(indexOf(world, a), b % 2 ? "refuses" : "hangs"),
  up: (world: World, a: number) => world.up(indexOf(world, a)),
  /** Some clients send before it, and some when they can't know of it. */
  drain(world: World, a: number, b: number) {
    const sendOn = (bits: number) =>
      unsettled(world).forEach((call, i) => {
        if ((bits >> (i % 8)) & 1) call.send();
      });
    sendOn(b);
    world.drain(indexOf(world, a));
    sendOn(b >> 2);
  },
  addresses(world: World, a: number) {
    const all = world.setup.ours.map((_, i) => addressOf(i));
    const some = all.filter((_, i) => ((a >> i) & 1) === 1);
    world.network.addresses = some.length > 0 ? some : all;
  },
  mode(world: World, a: number, b: number) {
    world.modes[indexOf(world, a)] = pick(["run", "refuse", "hold"], b) ?? "run";
  },
  runHeld: (world: World, a: number) => pick(world.foreign, a)?.runHeld(),
  async goaway(world: World, a: number, b: number) {
    // No server says goodbye before its settings.
    await turn();
    pick(world.foreign, a)?.goaway(b % 3, ErrorCode.NO_ERROR, "bye");
  },
  turn: (world: World) => void world.network.pump(),
  settle: (world: World) => world.settle(),
  wait: (world: World, a: number) => world.pass([500, 2000, 6000, 15_000][a % 4] ?? 500),
};

/** Plays one step. */
export async function playStep(world: World, [operation, a, b]: Step): Promise<void> {
  await operations[operation](world, a, b);
}

const weights: Partial<Record<Operation, number>> = {
  calls: 6,
  answer: 3,
  turn: 4,
  settle: 6,
  wait: 3,
  mode: 3,
  up: 3,
  drain: 3,
};

type Operation = keyof typeof operations;

/** What may happen to connections that nothing is wrong with. */
const calm: readonly Operation[] = [
  "calls",
  "send",
  "halfClose",
  "answer",
  "up",
  "drain",
  "turn",
  "settle",
  "wait",
];

function stepsOf(names: readonly Operation[]): fc.Arbitrary<Step[]> {
  const step = fc.oneof(
    ...names.map((name) => ({
      weight: weights[name] ?? 1,
      arbitrary: fc.tuple(fc.constant(name), fc.nat(1000), fc.nat(1000)),
    })),
  );
  return fc.array(step, { maxLength: 30, size: "max" });
}

/** Any sequence; some have no faults, so that calls come to what servers do with them. */
export const sequences: fc.Arbitrary<Step[]> = fc.oneof(
  { weight: 2, arbitrary: stepsOf(Object.keys(operations) as Operation[]) },
  { weight: 1, arbitrary: stepsOf(calm) },
);

/** Any setup. */
export const setups: fc.Arbitrary<Setup> = fc.record({
  roundRobin: fc.boolean(),
  ours: fc.array(fc.boolean(), { minLength: 1, maxLength: 3 }),
  maxConcurrentStreams: fc.constantFrom(1, 2, 100),
  maxConnections: fc.constantFrom(1, 2, 3),
  pingIntervalMs: fc.constantFrom(2000, 20_000),
  clientIdleMs: fc.constantFrom(3000, 900_000),
  serverIdleMs: fc.constantFrom(4000, 300_000),
  maxAgeMs: fc.constantFrom(undefined, 8000),
  pieceBytes: fc.constantFrom(9, 100, 1 << 20),
});
