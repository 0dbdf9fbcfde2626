// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Runs in every test file: fails a test after which the process is not well. */
import { afterEach, expect } from "vitest";
import { turn } from "./gate.js";
import { takeFaults } from "./process-faults.js";

afterEach(async () => {
  // Node tells of a rejection when the promises of its turn have been dealt with.
  await turn();
  await turn();
  expect(takeFaults()).toEqual([]);
});
