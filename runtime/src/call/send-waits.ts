// SPDX-License-Identifier: Apache-2.0

/** Times the sends that wait until the other side reads. */
export class SendWaits {
  readonly #tell: (ms: number) => void;
  readonly #since = new Map<object, number>();
  /** Those that wait for a beginning; `undefined` after it. */
  #early: Set<object> | undefined;

  /** `tell` is told of each wait when it is over, in milliseconds. `started`: none is for a beginning. */
  constructor(tell: (ms: number) => void, started: boolean) {
    this.#tell = tell;
    this.#early = started ? undefined : new Set();
  }

  /** What waits does so for the other side from now on. */
  start(): void {
    const early = this.#early;
    this.#early = undefined;
    for (const send of early ?? []) this.begin(send);
  }

  begin(send: object): void {
    if (this.#early) this.#early.add(send);
    else this.#since.set(send, performance.now());
  }

  /** `send` waits no more; maybe it never did. */
  end(send: object): void {
    this.#early?.delete(send);
    const since = this.#since.get(send);
    if (since === undefined) return;
    this.#since.delete(send);
    this.#tell(performance.now() - since);
  }
}
