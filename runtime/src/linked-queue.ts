// SPDX-License-Identifier: Apache-2.0

/** What may be in a queue: in one at most. */
export abstract class Queued<T extends Queued<T>> {
  queue: LinkedQueue<T> | undefined = undefined;
  previous: T | undefined = undefined;
  next: T | undefined = undefined;
}

/**
 * Things in order, linked through themselves. Where many come and go, a `Set` or `Map` leaves tables behind, each
 * of which refers to the next and to what was in it: once V8 has taken one for an old object, it keeps all
 * that follow until a full garbage collection.
 */
export class LinkedQueue<T extends Queued<T>> {
  length = 0;
  #first: T | undefined = undefined;
  #last: T | undefined = undefined;

  get first(): T | undefined {
    return this.#first;
  }

  push(item: T): void {
    item.queue = this;
    item.previous = this.#last;
    if (this.#last) this.#last.next = item;
    else this.#first = item;
    this.#last = item;
    this.length++;
  }

  shift(): T | undefined {
    const first = this.#first;
    if (first) this.remove(first);
    return first;
  }

  /** Takes out one that is in this queue. */
  remove(item: T): void {
    const { previous, next } = item;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    item.previous = undefined;
    item.next = undefined;
    item.queue = undefined;
    this.length--;
  }

  /** All of them, as they are now. */
  list(): T[] {
    const all: T[] = [];
    for (let item = this.#first; item; item = item.next) all.push(item);
    return all;
  }
}
