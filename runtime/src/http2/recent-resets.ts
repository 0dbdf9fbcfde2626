// SPDX-License-Identifier: Apache-2.0
import { MAX_REMEMBERED_RESETS } from "./limits.js";

/** Streams that we have reset, for as long as frames that the peer sent before it knew may come. */
export class RecentResets {
  #ids: Set<number> | undefined;

  add(id: number): void {
    this.#ids ??= new Set();
    this.#ids.add(id);
    if (this.#ids.size <= MAX_REMEMBERED_RESETS) return;
    for (const oldest of this.#ids) {
      this.#ids.delete(oldest);
      return;
    }
  }

  has(id: number): boolean {
    return this.#ids?.has(id) ?? false;
  }
}
