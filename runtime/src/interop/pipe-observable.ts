// SPDX-License-Identifier: Apache-2.0
import { checkOptions } from "../options/declare.js";
import type { Observer } from "./observable.js";
import {
  DEFAULT_MAX_MESSAGES,
  type PumpOptions,
  pushedSettings,
  type SendingStream,
  SendPump,
} from "./send-pump.js";

/** Options of a pipe whose source cannot wait. Invalid values reject with a `RangeError`. */
export interface PipePushedOptions {
  /**
   * How many messages may wait, beyond the one that flow control holds: 1 to 4294967295. Default:
   * 1024.
   */
  maxMessages?: number | undefined;

  /**
   * What happens to a message that finds the queue full. `fail`, the default: the pipe rejects with
   * `resource_exhausted`. `drop-oldest`: the message that has waited longest is dropped.
   */
  whenFull?: "fail" | "drop-oldest" | undefined;

  /** Stops the pipe, which rejects with the reason. The stream stays open. */
  signal?: AbortSignal | undefined;
}

/** An observable, as RxJS has them. */
export interface Subscribable<M> {
  subscribe(observer: Required<Observer<M>>): { unsubscribe(): void };
}

/**
 * Sends what an observable emits. Resolves when it completes and flow control has accepted all of
 * it; a client half-closes after that. Rejects with the observable's error, or with that of the
 * stream: when it is cancelled, runs out of time or is lost, even while nothing is emitted. The
 * subscription ends with the pipe.
 */
export async function pipeObservable<M>(
  source: Subscribable<M>,
  stream: SendingStream<M>,
  options: PipePushedOptions = {},
): Promise<void> {
  const pump = new SendPump(stream, pushedOptions(options));
  if (!pump.stopped) {
    const subscription = source.subscribe({
      next: (message) => pump.push(message),
      error: (error) => pump.fail(error),
      complete: () => pump.end(),
    });
    pump.onStop(() => subscription.unsubscribe());
  }
  return pump.done;
}

/** The options of a pump, checked. */
export function pushedOptions(options: PipePushedOptions): PumpOptions {
  checkOptions(pushedSettings, options);
  const { maxMessages = DEFAULT_MAX_MESSAGES, whenFull = "fail", signal } = options;
  return { maxMessages, whenFull, signal };
}
