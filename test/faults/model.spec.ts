// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { cases, printedSeed } from "../fuzz/random.js";
import { Happened } from "./model/happened.js";
import { runModel } from "./model/run.js";

const COUNT = cases(10_000, 100_000);
/** Sequences in which everything that should happen does. */
const ENOUGH = 10_000;
const TIMEOUT_MS = 60 * 60_000;

it(
  `${COUNT} random sequences keep the contract`,
  async () => {
    const seed = printedSeed("model", "MODEL_SEED");
    const start = performance.now();
    const happened = new Happened();
    expect((await runModel({ seed, count: COUNT, happened })).join("\n\n")).toBe("");
    const seconds = (performance.now() - start) / 1000;
    console.log(`model: ${COUNT} sequences, ${seconds.toFixed(0)} s`, happened.counts);
    if (COUNT >= ENOUGH) expect(happened.never).toEqual([]);
  },
  TIMEOUT_MS,
);
