// SPDX-License-Identifier: Apache-2.0
import type { ClientStream } from "../api/client-stream.js";

declare global {
  interface SymbolConstructor {
    /** How libraries recognize each other's observables, as RxJS declares it. */
    readonly observable: symbol;
  }
}

/** What an observable calls. At most one of `error` and `complete` is called, and nothing after it. */
export interface Observer<T> {
  /** A message. */
  next?: (value: T) => void;
  /** The stream failed, with a `ConnectError`; or `next` threw. */
  error?: (error: unknown) => void;
  /** The stream ended well. */
  complete?: () => void;
}

/** The messages of a call as an observable: `from` of RxJS and its operators accept it. */
export interface StreamObservable<T> {
  /** Begins to read. `unsubscribe` closes the call; the observer is not called after that. */
  subscribe(observer: Observer<T>): { unsubscribe(): void };
  [Symbol.observable](): StreamObservable<T>;
}

/** A client stream that receives. */
type ReceivingStream<T> = ClientStream & AsyncIterable<T>;

/**
 * The messages of a client stream as an observable. With a function, each subscription makes a call
 * of its own, so that `retry` and `repeat` of RxJS make new calls. With a stream, only one
 * subscription is possible: others get an error.
 *
 * An observable has no flow control: messages are read as fast as they arrive. An operator that
 * waits queues them without bounds.
 */
export function toObservable<T>(
  stream: ReceivingStream<T> | (() => ReceivingStream<T>),
): StreamObservable<T> {
  return new CallObservable(typeof stream === "function" ? stream : once(stream));
}

function once<T>(stream: ReceivingStream<T>): () => ReceivingStream<T> {
  let taken = false;
  return () => {
    if (taken) {
      throw new Error(
        "this stream already has a subscription: to subscribe more than once, pass toObservable a function that makes the call",
      );
    }
    taken = true;
    return stream;
  };
}

class CallObservable<T> implements StreamObservable<T> {
  declare readonly [Symbol.observable]: () => StreamObservable<T>;
  readonly #open: () => ReceivingStream<T>;

  constructor(open: () => ReceivingStream<T>) {
    this.#open = open;
    // RxJS looks for the string where nobody has defined the symbol.
    const key = Symbol.observable ?? "@@observable";
    Object.defineProperty(this, key, { value: () => this });
  }

  subscribe(observer: Observer<T>): { unsubscribe(): void } {
    let stream: ReceivingStream<T> | undefined;
    let open = true;
    const end = (tell: () => void) => {
      if (!open) return;
      open = false;
      tell();
    };
    const read = async () => {
      try {
        stream = this.#open();
        for await (const message of stream) {
          if (open) observer.next?.(message);
          // Leaving the loop closes the call.
          if (!open) return;
        }
        end(() => observer.complete?.());
      } catch (error) {
        end(() => observer.error?.(error));
      }
    };
    read().catch(reportLater);
    return {
      unsubscribe() {
        open = false;
        stream?.close();
      },
    };
  }
}

/** What `error` or `complete` of an observer throws is nobody's but the program's. */
function reportLater(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
