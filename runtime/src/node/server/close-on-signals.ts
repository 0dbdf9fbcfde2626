// SPDX-License-Identifier: Apache-2.0
import { functionOption } from "../../options/declare.js";
import { assertInteger, assertKnownKeys } from "../../options/settings.js";
import { MAX_TIMER_MS } from "../../options/timeouts.js";
import type { RunningServer } from "./serve.js";

/** Options of `closeOnSignals`. */
export interface CloseOnSignalsOptions {
  /** Signals of the process. Default: SIGINT, which is Ctrl-C, and SIGTERM. */
  signals?: readonly NodeJS.Signals[];

  /** Time for open calls to finish, in milliseconds. Default: that of `close`, 10 seconds. */
  graceMs?: number;

  /** Where to print what the server waits for. Default: `console.log`. */
  log?: (line: string) => void;
}

/**
 * Closes `server` at a signal of the process: it drains, and prints which calls it waits for. A second
 * signal ends them now; a third is left to Node.js, which ends the process. Throws a `RangeError` for
 * an invalid option.
 */
export function closeOnSignals(server: RunningServer, options: CloseOnSignalsOptions = {}): void {
  assertKnownKeys("options", options, ["signals", "graceMs", "log"]);
  const { signals = ["SIGINT", "SIGTERM"], graceMs, log = console.log } = options;
  if (log !== undefined) functionOption.check("log", log);
  if (graceMs !== undefined) assertInteger("graceMs", graceMs, 0, MAX_TIMER_MS);
  const stopListening = () => {
    for (const signal of signals) process.off(signal, onSignal);
  };
  let draining = false;
  function onSignal(): void {
    if (draining) {
      stopListening();
      void server.close({ graceMs: 0 });
      return;
    }
    draining = true;
    const onWait = (open: ReadonlyMap<string, number>) => log(waitingFor(open));
    void server
      .close({ ...(graceMs === undefined ? {} : { graceMs }), onWait })
      .then(stopListening);
  }
  for (const signal of signals) process.on(signal, onSignal);
}

/** `waiting for 3 calls: /a.v1.A/Watch (2), /a.v1.A/Read; signal again to end them now`. */
function waitingFor(open: ReadonlyMap<string, number>): string {
  const total = [...open.values()].reduce((sum, count) => sum + count, 0);
  const list = [...open].map(([path, count]) => (count > 1 ? `${path} (${count})` : path));
  const them = total === 1 ? "1 call" : `${total} calls`;
  return `waiting for ${them}: ${list.join(", ")}; signal again to end ${total === 1 ? "it" : "them"} now`;
}
