// SPDX-License-Identifier: Apache-2.0
import { checkOptions } from "../options/declare.js";
import type { WhenFull } from "../options/queues.js";
import { pipeSettings, type SendingStream, SendPump } from "./send-pump.js";

/** Options of {@link pipeIterable}. Invalid values reject with a `RangeError`. */
export interface PipeOptions {
  /**
   * How many messages to read ahead, beyond the one that flow control holds: 1 to 4294967295.
   * Default: 1.
   */
  maxMessages?: number | undefined;

  /**
   * What to do when that many wait. `wait`, the default: the pipe reads no more until there is
   * room. `fail`: the pipe rejects with `resource_exhausted`. `drop-oldest`: the message that has
   * waited longest is dropped.
   */
  whenFull?: WhenFull | undefined;

  /** Stops the pipe, which rejects with the reason. The stream stays open. */
  signal?: AbortSignal | undefined;
}

/**
 * Sends what an iterable yields. Resolves when it ends and flow control has accepted all of it; a
 * client half-closes after that. Rejects with the iterable's error, or with that of the stream:
 * when it is cancelled, runs out of time or is lost, even while the iterable yields nothing. It
 * then calls the iterator's `return`, and does not wait for it.
 */
export async function pipeIterable<M>(
  source: AsyncIterable<M> | Iterable<M>,
  stream: SendingStream<M>,
  options: PipeOptions = {},
): Promise<void> {
  checkOptions(pipeSettings, options);
  const { maxMessages = 1, whenFull = "wait", signal } = options;
  const pump = new SendPump(stream, { maxMessages, whenFull, signal });
  if (!pump.stopped) readAll(source, pump);
  return pump.done;
}

function readAll<M>(source: AsyncIterable<M> | Iterable<M>, pump: SendPump<M>): void {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let finished = false;
  const read = async () => {
    while (!pump.stopped) {
      const { done, value } = await iterator.next();
      if (done) {
        finished = true;
        return pump.end();
      }
      pump.push(value);
      await pump.room();
    }
  };
  read().catch((error: unknown) => {
    finished = true;
    pump.fail(error);
  });
  const leave = async () => {
    if (!finished) await iterator.return?.();
  };
  pump.onStop(() => void leave().catch(() => undefined));
}
