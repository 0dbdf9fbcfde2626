// SPDX-License-Identifier: Apache-2.0
import type { Clock } from "../call/clock.js";
import type { Sender } from "../call/sender.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { Carrier } from "./carrier.js";
import type { ServerCall } from "./server-call.js";

/** A call, as its heartbeat needs it. */
export interface HeartbeatCall {
  send(message: object): Promise<void>;
  /** Whether nothing waits to be sent: then a message leaves at once. */
  idle(): boolean;
  /** Whether the request has been read. */
  begun(): boolean;
}

/** What a heartbeat needs, of a call with that sender and carrier. */
export function heartbeatCall(
  call: Pick<ServerCall, "sendHeaders">,
  sender: Sender<object>,
  carrier: Carrier,
): HeartbeatCall {
  return {
    send(message) {
      call.sendHeaders();
      return sender.send(message, { unfiltered: true });
    },
    /** A reader that has stalled is not helped by more that waits. */
    idle: () => sender.head === undefined && carrier.unsent === 0,
    begun: () => carrier.taken > 0,
  };
}

/** Sends a heartbeat whenever a call has sent nothing for a while, until its handler returns. */
export class HeartbeatSender {
  readonly #heartbeat: Heartbeat;
  readonly #call: HeartbeatCall;
  readonly #clock: Clock;
  #lastSent: number;
  #stopTimer: () => void;
  /** Heartbeats sent. The peer learns nothing from one, so it is no progress. */
  beats = 0;
  readonly #onSent = (): void => {
    this.#lastSent = this.#clock.now();
  };
  readonly #onTimer = (): void => {
    const { intervalMs } = this.#heartbeat;
    const silence = this.#clock.now() - this.#lastSent;
    if (silence >= intervalMs) this.#beat();
    const left = intervalMs - silence;
    this.#stopTimer = this.#clock.startTimer(left > 0 ? left : intervalMs, this.#onTimer);
  };

  constructor(heartbeat: Heartbeat, call: HeartbeatCall, clock: Clock) {
    this.#heartbeat = heartbeat;
    this.#call = call;
    this.#clock = clock;
    this.#lastSent = clock.now();
    this.#stopTimer = clock.startTimer(heartbeat.intervalMs, this.#onTimer);
  }

  /** A message is being sent. */
  follow(sent: Promise<void>): void {
    // It fails where the call is over; whoever sent the message learns of that.
    sent.then(this.#onSent, () => undefined);
  }

  stop(): void {
    this.#stopTimer();
  }

  #beat(): void {
    if (!this.#call.idle() || (this.#heartbeat.afterRequest && !this.#call.begun())) return;
    this.beats++;
    this.follow(this.#call.send(this.#heartbeat.create()));
  }
}
