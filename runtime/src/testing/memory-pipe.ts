// SPDX-License-Identifier: Apache-2.0

/** Whom a lane serves. */
export interface PipeEvents {
  onData(chunk: Uint8Array): void;
  /** The writer may go on. */
  onDrain(): void;
  /** Whether the writer, who has written so often, may go on unless the reader has paused. */
  mayWrite(writes: number): boolean;
}

/** One direction of an exchange in memory. Holds what its reader, who has paused, does not take. */
export class MemoryPipe {
  readonly #events: PipeEvents;
  readonly #held: Uint8Array[] = [];
  #paused = false;
  #closed = false;
  #tellEnd: (() => void) | undefined;
  #writes = 0;

  constructor(events: PipeEvents) {
    this.#events = events;
  }

  /** Whether the writer may go on. */
  get open(): boolean {
    return !this.#closed && !this.#paused && this.#events.mayWrite(this.#writes);
  }

  /** Bytes that the reader has not taken. */
  get buffered(): number {
    return this.#held.reduce((sum, { byteLength }) => sum + byteLength, 0);
  }

  /** False: the next write should wait for `onDrain`. */
  write(pieces: readonly Uint8Array[]): boolean {
    if (this.#closed) return false;
    this.#writes++;
    this.#held.push(...pieces);
    this.#deliver();
    return this.open;
  }

  /** Nothing follows. `tell` is called when the reader has everything. */
  end(tell: () => void): void {
    if (this.#closed) return;
    this.#tellEnd = tell;
    this.#deliver();
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    // Not now: whoever resumes is in the middle of something, as on a socket.
    queueMicrotask(() => {
      this.#deliver();
      this.drained();
    });
  }

  /** Lets the writer go on, if it may. */
  drained(): void {
    if (this.open) this.#events.onDrain();
  }

  /** Drops what is held; nothing is told any more. */
  close(): void {
    this.#closed = true;
    this.#held.length = 0;
    this.#tellEnd = undefined;
  }

  #deliver(): void {
    while (!this.#paused) {
      const chunk = this.#held.shift();
      if (!chunk) break;
      this.#events.onData(chunk);
    }
    if (this.#held.length > 0 || !this.#tellEnd) return;
    const tell = this.#tellEnd;
    this.close();
    tell();
  }
}
