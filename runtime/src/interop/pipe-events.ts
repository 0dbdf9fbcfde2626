// SPDX-License-Identifier: Apache-2.0
import { type PipePushedOptions, pushedOptions } from "./pipe-observable.js";
import { type SendingStream, SendPump } from "./send-pump.js";

/** Node's `EventEmitter`, or anything else with `on` and `off`. */
export interface Emitter<A extends unknown[]> {
  on(event: string, listener: (...args: A) => void): unknown;
  off(event: string, listener: (...args: A) => void): unknown;
}

/** Options of {@link pipeEvents}. */
export interface PipeEventsOptions extends PipePushedOptions {
  /** The event that ends the pipe well. Default: none, the pipe goes on until the call ends. */
  endEvent?: string | undefined;
}

/**
 * Sends the first argument of each `event` as a message. Resolves at `endEvent`, once flow control
 * has accepted all messages. Rejects with the argument of an `error` event, or with the error of
 * the stream: when it is cancelled, runs out of time or is lost, even while no event comes. Removes
 * its listeners when it settles.
 *
 * Await it in a handler. A handler that returns before leaves the listeners until the next event.
 */
export async function pipeEvents<M>(
  emitter: Emitter<[M, ...unknown[]]>,
  event: string,
  stream: SendingStream<M>,
  options: PipeEventsOptions = {},
): Promise<void> {
  const pump = new SendPump(stream, pushedOptions(options));
  if (!pump.stopped) listen(emitter, event, pump, options.endEvent);
  return pump.done;
}

function listen<M>(
  emitter: Emitter<[M, ...unknown[]]>,
  event: string,
  pump: SendPump<M>,
  endEvent: string | undefined,
): void {
  const add = (name: string, listener: (value: M) => void) => {
    emitter.on(name, listener);
    pump.onStop(() => emitter.off(name, listener));
  };
  if (event !== "error") add("error", (error) => pump.fail(error));
  add(event, (message) => pump.push(message));
  if (endEvent !== undefined) add(endEvent, () => pump.end());
}
