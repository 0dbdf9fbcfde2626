// SPDX-License-Identifier: Apache-2.0
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ErrorCode } from "../../runtime/src/http2/index.js";
import { checkQuiet } from "./model/check.js";
import type { Half } from "./model/half.js";
import { type Setup, World } from "./model/world.js";

/**
 * @packageDocumentation Two ends in lock-step, with bytes cut at random. `HTTP2_SEQUENCES` says how
 * many sequences to try; `RELIABILITY=long` is a million. The seed is the same each time, but for
 * long runs; `HTTP2_SEED` is another.
 */

const LONG = process.env.RELIABILITY === "long";
const SEQUENCES = Number(process.env.HTTP2_SEQUENCES ?? (LONG ? 1_000_000 : 200));
const SEED = Number(process.env.HTTP2_SEED ?? (LONG ? Math.floor(Math.random() * 2 ** 31) : 1));

/** An operation, and two numbers for whatever it needs. */
type Step = readonly [operation: keyof typeof operations, a: number, b: number];

const sizes = [1, 5, 100, 4096, 20_000, 70_000, 150_000];

function size(n: number): number {
  return sizes[n % sizes.length] ?? 1;
}

function pick(halves: readonly Half[], n: number): Half | undefined {
  return halves[halves.length - 1 - (n % Math.min(halves.length, 6))];
}

const operations = {
  request: (world: World) => world.request(),
  write(world: World, a: number, b: number) {
    pick(world.calls, a)?.write(size(b));
  },
  end(world: World, a: number, b: number) {
    const half = pick(world.calls, a);
    if (half) world.end(half, b % 2 === 0);
  },
  cancel(world: World, a: number) {
    const half = pick(world.calls, a);
    if (half && !half.ended) world.reset(half);
  },
  respond(world: World, a: number, b: number) {
    const half = pick(world.served, a);
    if (half) world.respond(half, b % 4 === 0);
  },
  answer(world: World, a: number, b: number) {
    const half = pick(world.served, a);
    if (half?.stream.started) half.write(size(b));
  },
  finish(world: World, a: number, b: number) {
    const half = pick(world.served, a);
    if (!half) return;
    world.end(half, b % 2 === 0);
    if (b % 3 === 0 && half.sent.ended) {
      half.sent.stop = true;
      half.stream.resetAfterEnd(ErrorCode.NO_ERROR);
    }
    if (b % 5 !== 0) half.stream.release();
  },
  refuse(world: World, a: number) {
    const half = pick(world.served, a);
    if (half) world.reset(half);
  },
  release: (world: World, a: number) => pick(world.served, a)?.stream.release(),
  pauseClient: (world: World, a: number) => pick(world.calls, a)?.stream.pause(),
  resumeClient: (world: World, a: number) => pick(world.calls, a)?.stream.resume(),
  pauseServer: (world: World, a: number) => pick(world.served, a)?.stream.pause(),
  resumeServer: (world: World, a: number) => pick(world.served, a)?.stream.resume(),
  ping: (world: World, a: number) => (a % 2 ? world.client : world.server).ping(() => {}),
  up: (world: World, a: number, b: number) => world.move(false, size(a) + b),
  down: (world: World, a: number, b: number) => world.move(true, size(a) + b),
  leave(world: World, a: number, b: number) {
    if (b % 16 === 0) world.leave(a % 2 ? world.client : world.server);
  },
  turn: (world: World) => world.loop.settle(),
  wait: (world: World, a: number) => world.loop.advance(a % 1000),
  settle: (world: World) => world.settle(),
};

const weights: Partial<Record<keyof typeof operations, number>> = {
  request: 4,
  write: 5,
  respond: 5,
  answer: 5,
  up: 8,
  down: 8,
  turn: 8,
  finish: 3,
  end: 3,
};

const steps = fc.oneof(
  ...Object.keys(operations).map((name) => ({
    weight: weights[name as keyof typeof operations] ?? 1,
    arbitrary: fc.tuple(fc.constant(name as keyof typeof operations), fc.nat(1000), fc.nat(1000)),
  })),
);

const windows = fc.constantFrom(1000, 20_000, 65_535, 131_072);
const setups: fc.Arbitrary<Setup> = fc.record({
  client: fc.record({
    streamWindowBytes: windows,
    headerTableBytes: fc.constantFrom(0, 100, 4096),
  }),
  server: fc.record({
    streamWindowBytes: windows,
    maxConcurrentStreams: fc.constantFrom(2, 250),
    maxUnreadBytes: fc.constantFrom(10_000, 1_000_000),
    minPingIntervalMs: fc.constant(0),
  }),
  capacity: fc.constantFrom(1, 1000, 16_384, 1e9),
});

function play(setup: Setup, sequence: readonly Step[]): World {
  const world = new World(setup);
  for (const [operation, a, b] of sequence) operations[operation](world, a, b);
  world.quiesce();
  // The time limit between the two steps of a GOAWAY.
  world.loop.advance(1000);
  world.quiesce();
  checkQuiet(world);
  return world;
}

describe("the model", () => {
  const timeout = 120_000 + 200 * SEQUENCES;
  it(`holds for ${SEQUENCES} sequences, seed ${SEED}`, { timeout }, () => {
    const sequences = fc.array(steps, { maxLength: 120, size: "max" });
    const property = fc.property(setups, sequences, (setup, sequence) => {
      play(setup, sequence);
    });
    fc.assert(property, { numRuns: SEQUENCES, seed: SEED });
  });

  it("holds for a request that leaves in pieces behind a client's GOAWAY", () => {
    const setup: Setup = {
      client: { streamWindowBytes: 1000, headerTableBytes: 0 },
      server: {
        streamWindowBytes: 1000,
        maxConcurrentStreams: 2,
        maxUnreadBytes: 10_000,
        minPingIntervalMs: 0,
      },
      capacity: 1,
    };
    const { served } = play(setup, [
      ["turn", 0, 0],
      ["request", 0, 0],
      ["leave", 547, 0],
      ["up", 0, 75],
      ["up", 0, 16],
      ["down", 0, 51],
      ["down", 0, 8],
    ]);
    expect(served).toHaveLength(1);
  });
});
