// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation `npm run model -- [--long] [--unary] [--count N] [--seed S] [--index I]`. */
import { parseArgs } from "node:util";
import { Happened } from "./happened.js";
import { runModel } from "./run.js";

const SHORT = 10_000;
const LONG = 100_000;
const PROGRESS_EVERY = 5000;

const { values } = parseArgs({
  options: {
    long: { type: "boolean" },
    unary: { type: "boolean" },
    count: { type: "string" },
    seed: { type: "string" },
    index: { type: "string" },
  },
});
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
const index = values.index === undefined ? undefined : Number(values.index);
const count = Number(values.count ?? (values.long ? LONG : SHORT));

process.on("unhandledRejection", (reason) => {
  console.error(`unhandled rejection with seed ${seed}:`, reason);
  process.exitCode = 1;
});

console.log(`seed ${seed}, ${index === undefined ? `${count} sequences` : `sequence ${index}`}`);
const happened = new Happened();
const failures = await runModel({
  seed,
  happened,
  only: values.unary ? "unary" : undefined,
  count: index === undefined ? count : Math.max(count, index + 1),
  ...(index !== undefined && { index }),
  onProgress(played, seconds) {
    if (played % PROGRESS_EVERY === 0) console.log(`${played} in ${seconds.toFixed(0)} s`);
  },
});
if (index === undefined) console.log(happened.counts);
for (const failure of failures) console.error(`\n${failure}`);
if (failures.length > 0) process.exitCode = 1;
else console.log("all keep the contract");
