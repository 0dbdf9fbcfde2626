// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Bounds } from "../../call/bounds.js";
import { type Resend, SendQueue } from "../../call/send-queue.js";
import type { QueueFill } from "../../options/queues.js";
import type { ClientCall } from "../client-call.js";
import type { KeptMessage, ReplayBuffer } from "./replay-buffer.js";

type Attempt = Pick<ClientCall, "send" | "ended">;

/** The sends of a call that is made again when it fails: to the attempt at hand, and to the next. */
export class ReplayedSends {
  readonly #replay: ReplayBuffer;
  readonly #bounds: Bounds | undefined;
  #attempt: Attempt | undefined;
  /** What is sent between two attempts has the places that it will have in the next one. */
  #parked: SendQueue<KeptMessage> | undefined;
  #committed = false;
  #dropped = 0;

  constructor(replay: ReplayBuffer, bounds: Bounds | undefined) {
    this.#replay = replay;
    this.#bounds = bounds;
  }

  /** More is kept than may be. */
  get overflown(): boolean {
    return this.#replay.overflown;
  }

  /** What waits for the next attempt. */
  get parked(): QueueFill {
    return this.#parked?.fill ?? { messages: 0, bytes: 0, dropped: 0 };
  }

  /** Messages dropped before the attempt at hand. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Sends a message, now and in all attempts that follow. Throws if it is no message. */
  send(message: object, signal: AbortSignal | undefined): Promise<void> {
    const kept = this.#replay.keep(message, signal, () => this.#attempt === undefined);
    const options = this.#optionsOf(kept);
    const { byteLength } = kept.bytes;
    if (this.#attempt) this.#follow(kept, this.#attempt, this.#attempt.send(message, options));
    else if (this.#parked) {
      this.#follow(kept, this.#parked, this.#parked.push(kept, byteLength, options));
    }
    return kept.promise;
  }

  /** An attempt begins. It is sent everything. */
  attach(attempt: Attempt): void {
    this.#attempt = attempt;
    this.#endParking(new ConnectError("sent again", Code.Canceled));
    this.#replay.replay((kept, message) => {
      this.#follow(kept, attempt, attempt.send(message, this.#optionsOf(kept)));
    });
  }

  /** The attempt failed, and another one follows. `dropped`: how many messages it has dropped. */
  detach(dropped: number): void {
    this.#attempt = undefined;
    this.#dropped += dropped;
    this.#parked = new SendQueue(this.#bounds, () => undefined);
  }

  /** The attempt at hand is the last. */
  commit(): void {
    this.#committed = true;
    this.#replay.release();
  }

  /** There is no more attempt. */
  fail(error: ConnectError): void {
    this.#endParking(error);
    this.#replay.release(error);
  }

  #endParking(error: ConnectError): void {
    const parked = this.#parked;
    if (!parked) return;
    this.#parked = undefined;
    this.#dropped += parked.fill.dropped;
    parked.clear(error);
  }

  #optionsOf(kept: KeptMessage): Resend | undefined {
    const { settled } = kept;
    const signal = kept.signal && !settled ? { signal: kept.signal } : undefined;
    if (!this.#bounds) return signal;
    return { ...signal, accepted: settled, onDropped: () => this.#replay.forget(kept) };
  }

  #follow(kept: KeptMessage, target: object, sent: Promise<void>): void {
    sent.then(
      () => kept.settle(),
      (thrown: unknown) => {
        if (target !== this.#attempt && target !== this.#parked) return;
        const error = ConnectError.from(thrown);
        if (this.#committed) kept.settle(error);
        else if (this.#mayFollow(kept, error)) kept.refusal = error;
        else this.#replay.drop(kept, error);
      },
    );
  }

  /** Whether it depends on how the attempt ends what becomes of a message that it did not take. */
  #mayFollow({ signal }: KeptMessage, { code }: ConnectError): boolean {
    if (signal?.aborted) return false;
    // The server takes no more; or the attempt is over, and its outcome is yet to be looked at.
    return code === Code.FailedPrecondition || this.#attempt?.ended === true;
  }
}
