// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { expect, it, vi } from "vitest";
import { cases, printedSeed, Random } from "../fuzz/random.js";
import { Happened } from "./connections/happened.js";
import { playStep, type Step, sequences, setups } from "./connections/operations.js";
import { checkCalls, checkClosed } from "./connections/rules.js";
import { type Setup, World } from "./connections/world.js";

/**
 * @packageDocumentation A client and servers whose connections come and go, in memory and virtual
 * time. `CONNECTIONS_SEED` and `FUZZ_CASES` give another seed and more sequences. A failure prints the
 * smallest sequence that fails.
 */

const COUNT = cases(450, 7500);
/** Sequences in which everything that should happen does. */
const ENOUGH = 450;
const TIMEOUT_MS = 60 * 60_000;

async function play(setup: Setup, sequence: readonly Step[]): Promise<World> {
  vi.useFakeTimers({
    toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "Date", "performance"],
  });
  const random = new Random(1);
  const jitter = vi.spyOn(Math, "random").mockImplementation(() => random.next());
  const world = new World(setup);
  try {
    await world.start();
    for (const step of sequence) await playStep(world, step);
    await world.quiesce();
    checkCalls(world);
    await world.close();
    checkClosed(world);
  } finally {
    world.restore();
    jitter.mockRestore();
    vi.useRealTimers();
  }
  return world;
}

it(
  `${COUNT} sequences of connections that come and go keep the rules`,
  async () => {
    const seed = printedSeed("connections", "CONNECTIONS_SEED");
    const happened = new Happened();
    const property = fc.asyncProperty(setups, sequences, async (setup, sequence) => {
      happened.add(await play(setup, sequence));
    });
    await fc.assert(property, { numRuns: COUNT, seed });
    console.log(`connections: ${COUNT} sequences`, happened.counts);
    if (COUNT >= ENOUGH) expect(happened.never).toEqual([]);
  },
  TIMEOUT_MS,
);

const one: Setup = {
  roundRobin: false,
  ours: [true],
  maxConcurrentStreams: 1,
  maxConnections: 1,
  pingIntervalMs: 20_000,
  clientIdleMs: 900_000,
  serverIdleMs: 300_000,
  maxAgeMs: undefined,
  pieceBytes: 100,
};

it("serves calls that are on their way when a server without calls drains", async () => {
  const { calls } = await play(one, [
    ["calls", 0, 1],
    ["settle", 0, 0],
    ["answer", 0, 0],
    ["settle", 0, 0],
    ["calls", 0, 1],
    ["drain", 0, 0],
  ]);
  expect(calls.map(({ settled }) => settled?.code)).toEqual([undefined, undefined]);
});

it("makes calls elsewhere whose connection says its first word when its server has closed", async () => {
  const { calls } = await play({ ...one, ours: [true, true], pieceBytes: 9 }, [
    ["drain", 0, 0],
    ["calls", 0, 1],
    ["up", 0, 0],
    ["drain", 1, 0],
  ]);
  expect(calls.map(({ settled }) => settled?.code)).toEqual([undefined]);
});

it("makes a refused call again, though it has moved before with nothing sent", async () => {
  const { calls } = await play({ ...one, ours: [false] }, [
    ["mode", 0, 1],
    ["calls", 0, 0],
    ["settle", 0, 0],
    ["goaway", 0, 0],
    ["calls", 0, 0],
    ["settle", 0, 0],
  ]);
  expect(calls.map(({ refusals }) => refusals)).toEqual([2, 2]);
});

it("pings less often each time that it hears too_many_pings", async () => {
  const calls: Step[] = Array.from({ length: 8 }, () => ["calls", 0, 1]);
  const sequence = calls.flatMap((step): Step[] => [step, ["wait", 3, 0]]);
  const { problems } = await play({ ...one, pingIntervalMs: 2000 }, sequence);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.length).toBeLessThanOrEqual(3);
});
