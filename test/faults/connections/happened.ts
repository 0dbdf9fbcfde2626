// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import type { Call } from "./call.js";
import type { World } from "./world.js";

/** What calls have to go through at least once in a run: a rule that never applies proves nothing. */
const inCalls: Readonly<Record<string, (call: Call) => boolean>> = {
  "succeeded after a refusal": ({ settled, refusals }) =>
    refusals > 0 && settled?.code === undefined,
  "failed after two refusals": ({ settled, refusals }) =>
    refusals > 1 && settled?.code === Code.Unavailable,
  "was lost with its connection": ({ settled, runs }) =>
    runs === 1 && settled?.code === Code.Unavailable,
  "failed without an attempt": says("ECONNREFUSED"),
  "waited too long for a connection": says("connectTimeoutMs"),
  "lost a server that answered no ping": says("PING timed out"),
  "pinged too often": says("too_many_pings"),
  "was cut off by a server that drained": says("shutting down"),
  "left a server that drained": ({ answered, settled }) =>
    answered === "left" && settled?.code === undefined,
  "left with messages that came after the goodbye": ({ answered, heard, heardBeforeGoodbye }) =>
    answered === "left" && heard.length > (heardBeforeGoodbye ?? heard.length),
  "was canceled": ({ settled }) => settled?.code === Code.Canceled,
  "had its deadline": ({ settled }) => settled?.code === Code.DeadlineExceeded,
  "had an answer that its client did not want": ({ settled, answered }) =>
    settled?.code === Code.Canceled && answered === "return",
};

const inWorlds: Readonly<Record<string, (world: World) => boolean>> = {
  "several connections at once": ({ mostConnections }) => mostConnections > 1,
  "calls on several addresses": ({ network }) =>
    new Set(network.links.map(({ address }) => address)).size > 1,
  "a connection that ended without a fault": ({ network, closedBeforeEnd }) =>
    network.faults === 0 && closedBeforeEnd > 0,
};

/** Counts what has happened in a run. */
export class Happened {
  readonly counts: Record<string, number> = Object.fromEntries(
    [...Object.keys(inCalls), ...Object.keys(inWorlds)].map((name) => [name, 0]),
  );

  /** Counts a sequence that has been played. */
  add(world: World): void {
    for (const [name, happened] of Object.entries(inCalls)) {
      this.#count(name, world.calls.filter(happened).length);
    }
    for (const [name, happened] of Object.entries(inWorlds)) {
      this.#count(name, happened(world) ? 1 : 0);
    }
  }

  /** What has never happened. */
  get never(): string[] {
    return Object.keys(this.counts).filter((name) => this.counts[name] === 0);
  }

  #count(name: string, times: number): void {
    this.counts[name] = (this.counts[name] ?? 0) + times;
  }
}

function says(text: string): (call: Call) => boolean {
  return ({ settled }) => settled?.error?.message.includes(text) === true;
}
