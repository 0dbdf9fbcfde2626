// SPDX-License-Identifier: Apache-2.0
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cases } from "./cases/index.js";
import { exceptionOf } from "./exceptions.js";
import { missingOf, nameOf, type Pair, possible } from "./pair.js";
import { PairBench } from "./pair-bench.js";
import { required } from "./required.js";

declare module "vitest" {
  interface TaskMeta {
    /** Who took part in the case, for the report. */
    pair?: { client: string; server: string; proxy: string | undefined };
  }
}

/** Runs all cases with each pair. */
export function describePairs(pairs: readonly Pair[]): void {
  for (const pair of pairs) describe(nameOf(pair), () => describePair(pair));
}

function describePair(pair: Pair): void {
  const missing = missingOf(pair);
  if (missing) return describeMissing(pair, missing);
  const bench = new PairBench(pair);
  beforeAll(() => bench.start());
  afterAll(() => bench.stop());
  const { client, server, proxy } = pair;
  const names = { client: client.name, server: server.name, proxy: proxy?.name };
  for (const one of cases.filter((one) => possible(pair, one))) {
    const exception = exceptionOf(pair, one);
    const test = one.waits || proxy ? it.concurrent : it;
    test(one.name, async ({ task, skip }) => {
      task.meta.pair = names;
      if (exception) skip(exception);
      await bench.run(one);
    });
  }
}

function describeMissing(pair: Pair, { name, reason }: { name: string; reason: string }): void {
  if (required(name)) return it("can run", () => expect.unreachable(reason));
  console.warn(`skipped: ${nameOf(pair)}: ${reason}`);
  it.skip(`skipped: ${reason}`);
}
