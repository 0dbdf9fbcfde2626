// SPDX-License-Identifier: Apache-2.0
import type { HandlerMethod } from "../server/run-handler.js";
import type { RunHandler } from "../server/server-call.js";

/** How a handler ended, before anybody made a status of it. */
export class HandlerResult {
  readonly promise: Promise<void>;
  readonly #resolve: () => void;
  readonly #reject: (thrown: unknown) => void;
  /** What the handler threw, if it did. */
  thrown: unknown;

  constructor() {
    let resolve!: () => void;
    let reject!: (thrown: unknown) => void;
    this.promise = new Promise<void>((res, rej) => {
      resolve = res;
      reject = rej;
    });
    // A test need not look at it.
    this.promise.catch(() => undefined);
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** `handler`, watched. */
  of(handler: HandlerMethod): HandlerMethod {
    return async (...args) => {
      try {
        const value = await handler(...args);
        this.#resolve();
        return value;
      } catch (thrown) {
        this.thrown = thrown;
        this.#reject(thrown);
        throw thrown;
      }
    };
  }

  /** The run of that handler, which may end without calling it. */
  ofRun(run: RunHandler): RunHandler {
    return async (side) => {
      try {
        await run(side);
      } catch (thrown) {
        this.#reject(thrown);
        throw thrown;
      }
    };
  }
}
