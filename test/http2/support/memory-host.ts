// SPDX-License-Identifier: Apache-2.0
import { type Http2Host, Slab } from "../../../runtime/src/http2/index.js";

interface Timer {
  readonly at: number;
  readonly task: () => void;
}

/** A clock that stands until it is moved, and what is to run soon. One for all hosts of a test. */
export class VirtualLoop {
  now = 0;
  #tasks: (() => void)[] = [];
  readonly #timers = new Set<Timer>();

  defer(task: () => void): void {
    this.#tasks.push(task);
  }

  setTimer(task: () => void, ms: number): Timer {
    const timer = { at: this.now + ms, task };
    this.#timers.add(timer);
    return timer;
  }

  clearTimer(timer: unknown): void {
    this.#timers.delete(timer as Timer);
  }

  /** Runs what has been deferred, and what that defers. */
  settle(): void {
    while (this.#tasks.length > 0) {
      const tasks = this.#tasks;
      this.#tasks = [];
      for (const task of tasks) task();
    }
  }

  /** Moves the clock, and runs the timers that it passes, in order. */
  advance(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const [next] = [...this.#timers].sort((a, b) => a.at - b.at);
      if (!next || next.at > end) break;
      this.#timers.delete(next);
      this.now = next.at;
      next.task();
      this.settle();
    }
    this.now = end;
  }

  get timers(): number {
    return this.#timers.size;
  }
}

/** A host whose bytes stay in memory until somebody takes them. */
export class MemoryHost implements Http2Host {
  readonly slab: Slab = new Slab((bytes) => new Uint8Array(bytes));
  /** Whether the connection has closed it. */
  ended = false;
  /** Times that bytes were written. */
  writes = 0;
  /** Bytes that wait, beyond which there is no more room. */
  readonly capacity: number;
  readonly #loop: VirtualLoop;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(loop: VirtualLoop, capacity = Number.POSITIVE_INFINITY) {
    this.#loop = loop;
    this.capacity = capacity;
  }

  now(): number {
    return this.#loop.now;
  }

  defer(task: () => void): void {
    this.#loop.defer(task);
  }

  setTimer(task: () => void, ms: number): unknown {
    return this.#loop.setTimer(task, ms);
  }

  clearTimer(timer: unknown): void {
    this.#loop.clearTimer(timer);
  }

  write(pieces: readonly Uint8Array[]): boolean {
    if (this.ended) throw new Error("written after the end");
    this.writes++;
    for (const piece of pieces) {
      if (piece.length === 0) throw new Error("an empty piece");
      this.#pieces.push(piece);
      this.#bytes += piece.length;
    }
    return this.#bytes < this.capacity;
  }

  end(): void {
    this.ended = true;
  }

  /** Bytes that wait. */
  get waiting(): number {
    return this.#bytes;
  }

  /** Takes some of the bytes that wait, in one piece of their own. */
  take(max: number = Number.POSITIVE_INFINITY): Uint8Array {
    const taken = new Uint8Array(Math.min(max, this.#bytes));
    let at = 0;
    while (at < taken.length) {
      const [piece = new Uint8Array()] = this.#pieces;
      const part = piece.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === piece.length) this.#pieces.shift();
      else this.#pieces[0] = piece.subarray(part.length);
    }
    this.#bytes -= taken.length;
    return taken;
  }
}
