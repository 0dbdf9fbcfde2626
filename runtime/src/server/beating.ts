// SPDX-License-Identifier: Apache-2.0
import type { SendOptions } from "../api/options.js";
import type { Progress } from "../call/progress.js";
import { startTimer } from "../call/timers.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import { ServerDelegate } from "./delegate.js";
import type { RunHandler, ServerCall } from "./server-call.js";

/**
 * Sends a heartbeat whenever a call has sent nothing for so long, until its handler returns. To be
 * put around all but limits of size: for limits of time, for interceptors and for the handler there
 * are none.
 */
export function beating(run: RunHandler, heartbeat: Heartbeat | undefined): RunHandler {
  if (!heartbeat) return run;
  return async (side) => {
    const alive = new BeatingSide(side, heartbeat);
    try {
      await run(alive);
    } finally {
      alive.stop();
    }
  };
}

class BeatingSide extends ServerDelegate {
  readonly #heartbeat: Heartbeat;
  #lastSent: number = performance.now();
  #beats = 0;
  #stopTimer: () => void;
  readonly #onSent = (): void => {
    this.#lastSent = performance.now();
  };
  readonly #look = (): void => {
    const { intervalMs } = this.#heartbeat;
    if (this.side.context.signal.aborted) return;
    const silence = performance.now() - this.#lastSent;
    if (silence >= intervalMs) this.#beat();
    const left = intervalMs - silence;
    this.#stopTimer = startTimer(left > 0 ? left : intervalMs, this.#look);
  };

  constructor(side: ServerCall, heartbeat: Heartbeat) {
    super(side);
    this.#heartbeat = heartbeat;
    this.#stopTimer = startTimer(heartbeat.intervalMs, this.#look);
  }

  override send(message: object, options?: SendOptions): Promise<void> {
    const sent = this.side.send(message, options);
    // It fails where the call is over; whoever sent the message is told.
    sent.then(this.#onSent, () => undefined);
    return sent;
  }

  /** The peer learns nothing from a heartbeat, so it is no progress. */
  override progress(): Progress {
    const progress = this.side.progress();
    return { ...progress, sent: progress.sent - this.#beats };
  }

  stop(): void {
    this.#stopTimer();
  }

  /** A reader that has stalled is not helped by more that waits. */
  #beat(): void {
    const { afterRequest } = this.#heartbeat;
    if (!this.side.writable() || (afterRequest && this.side.progress().taken === 0)) return;
    this.#beats++;
    void this.send(this.#heartbeat.create());
  }
}
