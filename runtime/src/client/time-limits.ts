// SPDX-License-Identifier: Apache-2.0
import { startTimeouts } from "../call/timeouts.js";
import type { StreamTimeouts } from "../options/timeouts.js";
import type { ClientCall } from "./client-call.js";

/** Puts a call under its limits of time, but for that of a single `recv`. */
export function limitTime(call: ClientCall, timeouts: StreamTimeouts): void {
  const stop = startTimeouts(
    { progress: () => call.progress(), expire: (error) => call.fail(error, "deadline") },
    timeouts,
  );
  void call.outcome.then(stop);
}
