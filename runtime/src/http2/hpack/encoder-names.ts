// SPDX-License-Identifier: Apache-2.0
import type { HeaderField } from "../header-field.js";
import { staticFieldIndex, staticNameIndex, staticTable } from "./static-table.js";

/**
 * After this many values that were of no use again, a name is taken for one that is different each
 * time, such as a timeout or a trace id: such a value would only drive others out of the table.
 */
const MAX_USELESS_INSERTIONS = 4;

/** Names that have no values in the table are forgotten when there are more than this. */
const MAX_NAMES = 256;

/** Values that are secret, and may be short enough to guess. */
const secretNames: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
]);

/**
 * Shorter secrets stay out of the table, as in nghttp2: sizes of blocks tell whether a guess is in
 * it. https://www.rfc-editor.org/rfc/rfc7541.html#section-7.1
 */
const MIN_INDEXED_SECRET_LENGTH = 20;

/** What an encoder knows of a name: where the table has it, and whether its values come again. */
export class EncoderName {
  /** The first index in the static table; 0: not there. */
  readonly staticIndex: number;
  readonly #name: string;
  readonly #hasStaticValues: boolean;
  readonly #secret: boolean;
  /** Values in the dynamic table, oldest first, and which insertions they were. */
  readonly #values: string[] = [];
  readonly #positions: number[] = [];
  /** Insertions since a value was last found in the table. */
  #useless = 0;
  #last: string | undefined;

  constructor(name: string) {
    this.#name = name;
    this.staticIndex = staticNameIndex(name);
    this.#hasStaticValues = (staticTable[this.staticIndex]?.value ?? "") !== "";
    this.#secret = secretNames.has(name);
  }

  /** Index of name and value in the static table; 0: not there. */
  staticIndexOf(value: string): number {
    return this.#hasStaticValues ? staticFieldIndex(this.staticIndex, this.#name, value) : 0;
  }

  /** Which insertion put this value into the dynamic table; -1: it is not there. */
  positionOf(value: string): number {
    for (let i = this.#values.length - 1; i >= 0; i--) {
      if (this.#values[i] !== value) continue;
      this.#useless = 0;
      return this.#positions[i] as number;
    }
    return -1;
  }

  /** The insertion of the youngest field of this name; -1: none is there. */
  get youngestPosition(): number {
    return this.#positions[this.#positions.length - 1] ?? -1;
  }

  get isEmpty(): boolean {
    return this.#values.length === 0;
  }

  /** Whether to put a field into a table of this size. */
  worthIndexing(field: HeaderField, tableBytes: number): boolean {
    const { value } = field;
    if (field.size > tableBytes / 2 || this.isSecret(value)) return false;
    const repeated = value === this.#last;
    this.#last = value;
    return repeated || this.#useless < MAX_USELESS_INSERTIONS;
  }

  /** Whether a value must not get into any table on its way. */
  isSecret(value: string): boolean {
    return this.#secret && value.length < MIN_INDEXED_SECRET_LENGTH;
  }

  /** A value was put into the dynamic table. */
  insert(value: string, position: number): void {
    this.#values.push(value);
    this.#positions.push(position);
    this.#useless++;
  }

  /** The oldest value has left the table. */
  evict(): void {
    this.#values.shift();
    this.#positions.shift();
  }
}

/** The names that an encoder has met. */
export class EncoderNames {
  readonly #names = new Map<string, EncoderName>();

  get(name: string): EncoderName {
    const known = this.#names.get(name);
    if (known) return known;
    if (this.#names.size >= MAX_NAMES) this.#forget();
    const made = new EncoderName(name);
    this.#names.set(name, made);
    return made;
  }

  /** A field has left the dynamic table. */
  evict(field: HeaderField): void {
    this.#names.get(field.name)?.evict();
  }

  #forget(): void {
    for (const [name, known] of this.#names) if (known.isEmpty) this.#names.delete(name);
  }
}
