// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation To import in every test file: fails a test after which the process is not well. */
import { afterEach, expect } from "vitest";
import { turn } from "./gate.js";

const faults: unknown[] = [];

process.on("unhandledRejection", (reason) => faults.push(reason));
process.on("uncaughtExceptionMonitor", (error) => faults.push(error));
process.on("warning", (warning) => {
  if (/MaxListeners|TimeoutOverflow|TimeoutNegative/.test(warning.name)) faults.push(warning);
});

afterEach(async () => {
  // Node tells of a rejection when the promises of its turn have been dealt with.
  await turn();
  await turn();
  expect(faults.splice(0)).toEqual([]);
});
