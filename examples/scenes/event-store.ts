// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from "node:events";

/** Where the handler puts events: somewhere that may be busy. The handler waits for it. */
export class EventStore {
  count = 0;
  readonly #changes = new EventEmitter();
  #busy = false;

  readonly put = async (): Promise<void> => {
    while (this.#busy) await once(this.#changes, "resumed");
    this.count++;
    this.#changes.emit("stored");
  };

  /** Nothing is stored until `resume`. */
  pause(): void {
    this.#busy = true;
  }

  resume(): void {
    this.#busy = false;
    this.#changes.emit("resumed");
  }

  /** Resolves when so many events have been stored. */
  async reached(count: number): Promise<void> {
    const signal = AbortSignal.timeout(10_000);
    while (this.count < count) await once(this.#changes, "stored", { signal });
  }
}
