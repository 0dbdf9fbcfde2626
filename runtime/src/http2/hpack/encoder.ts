// SPDX-License-Identifier: Apache-2.0
import type { HeaderField } from "../header-field.js";
import type { HeaderList } from "../header-list.js";
import { DEFAULT_HEADER_TABLE_BYTES, MAX_ENCODER_TABLE_BYTES } from "../limits.js";
import { DynamicTable } from "./dynamic-table.js";
import { EncoderNames } from "./encoder-names.js";
import { writeInteger, writeString } from "./primitives.js";
import { STATIC_COUNT } from "./static-table.js";

/** Octets of a block beside what its list counts: size updates. */
const BLOCK_OVERHEAD_BYTES = 16;

/** How many reused lists to know the octets of, a power of two. */
const CACHE_SLOTS = 16;

const INDEXED = 0x80;
const WITH_INDEXING = 0x40;
const SIZE_UPDATE = 0x20;
const NEVER_INDEXED = 0x10;
const WITHOUT_INDEXING = 0x00;

/** What a reused list became. `octets`: from its second time on. */
interface CachedBlock {
  readonly list: HeaderList;
  version: number;
  octets: Uint8Array | undefined;
}

/** Where blocks are made. Nothing in it outlives a call. */
let scratch = new Uint8Array(4096);

/**
 * Lists to header blocks: the sending end of HPACK, one for each connection. Blocks must be sent in
 * the order in which they were encoded.
 * https://www.rfc-editor.org/rfc/rfc7541.html#section-6
 */
export class HpackEncoder {
  /** The last block that was encoded: its octets, until the next, and how many they are. */
  block: Uint8Array = scratch;
  length = 0;
  readonly #names: EncoderNames = new EncoderNames();
  readonly #table: DynamicTable = new DynamicTable(DEFAULT_HEADER_TABLE_BYTES, (field) =>
    this.#names.evict(field),
  );
  readonly #cache: (CachedBlock | undefined)[] = new Array(CACHE_SLOTS).fill(undefined);
  /** The lowest and the last of sizes that the peer has set since the last block; -1: none. */
  #lowestUpdate = -1;
  #lastUpdate = -1;

  /** The peer's `SETTINGS_HEADER_TABLE_SIZE`. */
  setTableLimit(bytes: number): void {
    const size = Math.min(bytes, MAX_ENCODER_TABLE_BYTES);
    if (size === this.#table.maxSize && this.#lastUpdate < 0) return;
    this.#lowestUpdate = this.#lowestUpdate < 0 ? size : Math.min(this.#lowestUpdate, size);
    this.#lastUpdate = size;
  }

  /** Encodes a list into {@link block}. */
  encode(list: HeaderList): void {
    if (!list.reused || this.#lastUpdate >= 0) return this.#encodeFields(list);
    const slot = list.id & (CACHE_SLOTS - 1);
    const cached = this.#cache[slot];
    const { version } = this.#table;
    const same = cached?.list === list && cached.version === version;
    if (same && cached.octets) {
      this.block = cached.octets;
      this.length = cached.octets.length;
      return;
    }
    this.#encodeFields(list);
    // Octets that put a field into the table are good for once.
    const settled = same && this.#table.version === version;
    const octets = settled ? this.block.slice(0, this.length) : undefined;
    this.#cache[slot] = { list, version: this.#table.version, octets };
  }

  #encodeFields(list: HeaderList): void {
    const needed = list.size + BLOCK_OVERHEAD_BYTES;
    if (scratch.length < needed) scratch = new Uint8Array(2 * needed);
    this.block = scratch;
    this.length = 0;
    if (this.#lastUpdate >= 0) this.#updateSize();
    for (const field of list.fields) this.#encodeField(field);
  }

  #updateSize(): void {
    this.#table.resize(this.#lowestUpdate);
    if (this.#lowestUpdate < this.#lastUpdate) {
      this.length = writeInteger(scratch, this.length, SIZE_UPDATE, 0x1f, this.#lowestUpdate);
      this.#table.resize(this.#lastUpdate);
    }
    this.length = writeInteger(scratch, this.length, SIZE_UPDATE, 0x1f, this.#lastUpdate);
    this.#lowestUpdate = -1;
    this.#lastUpdate = -1;
  }

  #encodeField(field: HeaderField): void {
    const table = this.#table;
    const name = this.#names.get(field.name);
    let index = name.staticIndexOf(field.value);
    if (index === 0) {
      const position = name.positionOf(field.value);
      if (position >= 0) index = STATIC_COUNT + table.insertions - position;
    }
    if (index !== 0) {
      this.length = writeInteger(scratch, this.length, INDEXED, 0x7f, index);
      return;
    }
    const youngest = name.youngestPosition;
    const nameIndex =
      name.staticIndex || (youngest < 0 ? 0 : STATIC_COUNT + table.insertions - youngest);
    if (name.worthIndexing(field, table.maxSize)) {
      this.#writeLiteral(field, WITH_INDEXING, 0x3f, nameIndex, true);
      table.insert(field);
      name.insert(field.value, table.insertions - 1);
    } else {
      const never = name.isSecret(field.value);
      this.#writeLiteral(field, never ? NEVER_INDEXED : WITHOUT_INDEXING, 0x0f, nameIndex, never);
    }
  }

  #writeLiteral(
    field: HeaderField,
    pattern: number,
    mask: number,
    nameIndex: number,
    shorten: boolean,
  ): void {
    let at = writeInteger(scratch, this.length, pattern, mask, nameIndex);
    if (nameIndex === 0) at = writeString(scratch, at, field.name, true);
    this.length = writeString(scratch, at, field.value, shorten);
  }
}
