// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import "../support/process-faults.js";
import { runModel } from "./model/run.js";

const COUNT = process.env.RELIABILITY === "long" ? 100_000 : 10_000;
const TIMEOUT_MS = 60 * 60_000;

it(
  `${COUNT} random sequences keep the contract`,
  async () => {
    const seed = Number(process.env.MODEL_SEED ?? Math.floor(Math.random() * 2 ** 31));
    console.log(`model: seed ${seed}, ${COUNT} sequences`);
    const start = performance.now();
    expect((await runModel({ seed, count: COUNT })).join("\n\n")).toBe("");
    console.log(`model: ${((performance.now() - start) / 1000).toFixed(0)} s`);
  },
  TIMEOUT_MS,
);
