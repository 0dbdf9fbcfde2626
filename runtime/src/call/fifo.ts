// SPDX-License-Identifier: Apache-2.0

/** So many are moved up at once. V8 does that fast, but in larger arrays one item at a time. */
const MOVED_AT_ONCE = 1024;

/** First in, first out: an array whose `shift` does not grow slow when it is long. */
export class Fifo<T> {
  readonly #items: (T | undefined)[] = [];
  /** So many at the front have been taken. */
  #taken = 0;

  get length(): number {
    return this.#items.length - this.#taken;
  }

  at(index: number): T | undefined {
    return this.#items[this.#taken + index];
  }

  /** Negative if it is not there. */
  indexOf(item: T): number {
    return this.#items.indexOf(item, this.#taken) - this.#taken;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  shift(): T | undefined {
    if (this.#taken === 0 && this.#items.length <= MOVED_AT_ONCE) return this.#items.shift();
    const item = this.#items[this.#taken];
    this.#items[this.#taken++] = undefined;
    if (this.#taken >= MOVED_AT_ONCE || this.length === 0) this.#moveUp();
    return item;
  }

  /** Takes out the one at `index`. */
  remove(index: number): T | undefined {
    return index === 0 ? this.shift() : this.#items.splice(this.#taken + index, 1)[0];
  }

  /** Takes all out. */
  clear(): T[] {
    this.#moveUp();
    return this.#items.splice(0) as T[];
  }

  #moveUp(): void {
    this.#items.splice(0, this.#taken);
    this.#taken = 0;
  }
}
