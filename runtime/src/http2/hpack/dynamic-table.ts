// SPDX-License-Identifier: Apache-2.0
import type { HeaderField } from "../header-field.js";

/** How many fields the ring begins with; a power of two. */
const FIRST_CAPACITY = 64;

/**
 * The dynamic table of HPACK: a ring of fields, the youngest with index 0. While `version` stays as it
 * is, so does what every index means.
 * https://www.rfc-editor.org/rfc/rfc7541.html#section-2.3.2
 */
export class DynamicTable {
  /** Fields ever inserted. */
  insertions = 0;
  /** Changes whenever a field comes or goes. */
  version = 0;
  /** Fields in the table. */
  count = 0;
  /** Octets in the table, and how many there may be. */
  size = 0;
  maxSize: number;
  #ring: (HeaderField | undefined)[] = new Array(FIRST_CAPACITY);
  readonly #onEvict: ((field: HeaderField) => void) | undefined;

  /** `onEvict` is called with each field that leaves. */
  constructor(maxSize: number, onEvict?: (field: HeaderField) => void) {
    this.maxSize = maxSize;
    this.#onEvict = onEvict;
  }

  /** The field at an index, 0 being the youngest. */
  at(index: number): HeaderField | undefined {
    if (index >= this.count) return undefined;
    return this.#ring[(this.insertions - 1 - index) & (this.#ring.length - 1)];
  }

  /** Adds a field, for which older ones go. One that is too large empties the table. */
  insert(field: HeaderField): void {
    const { size } = field;
    this.version++;
    this.#evict(this.maxSize - size);
    if (size > this.maxSize) return;
    if (this.count === this.#ring.length) this.#grow();
    this.#ring[this.insertions & (this.#ring.length - 1)] = field;
    this.insertions++;
    this.count++;
    this.size += size;
  }

  /** Changes how many octets there may be. */
  resize(maxSize: number): void {
    this.maxSize = maxSize;
    if (this.size > maxSize) this.version++;
    this.#evict(maxSize);
  }

  #evict(room: number): void {
    while (this.size > room && this.count > 0) {
      const at = (this.insertions - this.count) & (this.#ring.length - 1);
      const field = this.#ring[at] as HeaderField;
      this.#ring[at] = undefined;
      this.count--;
      this.size -= field.size;
      this.#onEvict?.(field);
    }
  }

  #grow(): void {
    const grown: (HeaderField | undefined)[] = new Array(2 * this.#ring.length);
    for (let i = this.insertions - this.count; i < this.insertions; i++) {
      grown[i & (grown.length - 1)] = this.#ring[i & (this.#ring.length - 1)];
    }
    this.#ring = grown;
  }
}
