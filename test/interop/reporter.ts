// SPDX-License-Identifier: Apache-2.0
import type { Reporter, TestCase, TestSuite } from "vitest/node";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

const none = (): Count => ({ passed: 0, failed: 0, skipped: 0 });

/** Prints a line for each pair when it is done; at the end the cases of each peer, and the exceptions. */
export default class PeersReporter implements Reporter {
  readonly #peers = new Map<string, Count>();
  /** Cases by pair, by reason. */
  readonly #exceptions = new Map<string, Map<string, string[]>>();

  onTestSuiteResult(suite: TestSuite): void {
    const count = none();
    for (const test of suite.children.allTests()) {
      if (test.meta().pair) this.#add(test, suite.name, count);
    }
    if (count.passed + count.failed > 0) console.log(`${suite.name}: ${text(count)}`);
  }

  onTestRunEnd(): void {
    console.log("\nCases by peer:");
    const width = Math.max(...[...this.#peers.keys()].map((name) => name.length));
    for (const [name, count] of this.#peers) console.log(`  ${name.padEnd(width)}  ${text(count)}`);
    console.log("Left out:");
    for (const [reason, pairs] of this.#exceptions) {
      console.log(`  ${reason}`);
      for (const [pair, cases] of pairs) console.log(`    ${pair}: ${cases.join(", ")}`);
    }
  }

  #add(test: TestCase, suite: string, count: Count): void {
    const { pair } = test.meta();
    if (!pair) return;
    const result = test.result();
    if (result.state === "pending") return;
    const parts = [`${pair.client} as client`, `${pair.server} as server`];
    for (const name of pair.proxy ? [...parts, pair.proxy] : parts) {
      const sum = this.#peers.get(name) ?? none();
      this.#peers.set(name, sum);
      sum[result.state]++;
    }
    count[result.state]++;
    if (result.state === "skipped") this.#leaveOut(result.note ?? "no reason", test.name, suite);
  }

  #leaveOut(reason: string, name: string, pair: string): void {
    const pairs = this.#exceptions.get(reason) ?? new Map<string, string[]>();
    this.#exceptions.set(reason, pairs);
    pairs.set(pair, [...(pairs.get(pair) ?? []), name]);
  }
}

function text({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed, ${skipped} left out`;
}
