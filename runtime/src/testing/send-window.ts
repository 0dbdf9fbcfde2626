// SPDX-License-Identifier: Apache-2.0

/** How many messages a handler may send: as many as its client has asked for, and a few ahead. */
export class SendWindow {
  readonly #changed: () => void;
  #granted: number;
  #paused = false;

  /** `ahead`: messages that may wait unread. `changed` is called when there may be more credit. */
  constructor(ahead: number, changed: () => void) {
    this.#granted = ahead;
    this.#changed = changed;
  }

  /** Whether one more message may follow those `written`. */
  allows(written: number): boolean {
    return !this.#paused && written < this.#granted;
  }

  /** The client waits for one more message. */
  grant(): void {
    this.#granted++;
    this.#changed();
  }

  /** It does not wait any more, and has not got it. */
  revoke(): void {
    this.#granted--;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#changed();
  }
}
