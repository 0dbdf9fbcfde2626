// SPDX-License-Identifier: Apache-2.0

/** How many blocks to know, a power of two: the requests or responses of as many RPCs in use at once. */
const SLOTS = 16;

/** Blocks of a call like the last one are a handful of octets. Longer ones are decoded each time. */
const MAX_BLOCK_BYTES = 48;

interface Slot<T> {
  readonly octets: Uint8Array;
  length: number;
  version: number;
  value: T | undefined;
}

/**
 * What header blocks were last time. They must consist of indexes alone: then the same octets mean
 * the same fields as long as the table has not changed.
 */
export class BlockCache<T> {
  readonly #slots: (Slot<T> | undefined)[] = new Array(SLOTS).fill(undefined);

  /** What this block was, at this state of the table; `undefined`: not known. */
  find(bytes: Uint8Array, start: number, end: number, version: number): T | undefined {
    const length = end - start;
    if (length === 0 || length > MAX_BLOCK_BYTES) return undefined;
    const slot = this.#slots[slotOf(bytes, start, end)];
    if (slot === undefined || slot.length !== length || slot.version !== version) {
      return undefined;
    }
    const { octets } = slot;
    for (let i = 0; i < length; i++) if (octets[i] !== bytes[start + i]) return undefined;
    return slot.value;
  }

  /** Keeps what a block is, at this state of the table. */
  keep(bytes: Uint8Array, start: number, end: number, version: number, value: T): void {
    const length = end - start;
    if (length === 0 || length > MAX_BLOCK_BYTES) return;
    const at = slotOf(bytes, start, end);
    const octets = this.#slots[at]?.octets ?? new Uint8Array(MAX_BLOCK_BYTES);
    for (let i = 0; i < length; i++) octets[i] = bytes[start + i] as number;
    this.#slots[at] = { octets, length, version, value };
  }
}

/** Indexes of what differs between calls, such as the path, may stand anywhere. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = end - start;
  for (let i = start; i < end; i++) hash = (hash * 31 + (bytes[i] as number)) | 0;
  return (hash ^ (hash >>> 4)) & (SLOTS - 1);
}
