// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, ErrorCode } from "../errors.js";
import { HeaderField } from "../header-field.js";
import { HeaderList } from "../header-list.js";
import { DEFAULT_HEADER_TABLE_BYTES } from "../limits.js";
import { BlockCache } from "./block-cache.js";
import { DynamicTable } from "./dynamic-table.js";
import { huffmanDecode } from "./huffman.js";
import { latin1 } from "./latin1.js";
import { STATIC_COUNT, staticTable } from "./static-table.js";

/** Integers take four more octets at most: 28 bits, more than any length or index here. */
const MAX_INTEGER_SHIFT = 21;

/** Octets that Huffman codes become. Nothing in it outlives a call. */
let scratch = new Uint8Array(1024);

/**
 * Header blocks to lists: the receiving end of HPACK, one for each connection. A block that repeats
 * an earlier one is the list of the earlier one, and costs a comparison. Throws a
 * {@link ConnectionError} for what is no HPACK.
 * https://www.rfc-editor.org/rfc/rfc7541.html#section-3.2
 */
export class HpackDecoder {
  readonly #table: DynamicTable = new DynamicTable(DEFAULT_HEADER_TABLE_BYTES);
  readonly #cache: BlockCache<HeaderList> = new BlockCache();
  readonly #maxListBytes: number;
  /** What the table's size may be set to, and whether the peer still has to follow a lower one. */
  #tableLimit: number = DEFAULT_HEADER_TABLE_BYTES;
  #mustShrink = false;
  #bytes: Uint8Array = scratch;
  #at = 0;
  #end = 0;
  /** Whether the last block had a field that its octets alone do not tell. */
  #literal = false;

  /** `maxListBytes`: how large a list may be, by the measure of `SETTINGS_MAX_HEADER_LIST_SIZE`. */
  constructor(maxListBytes: number) {
    this.#maxListBytes = maxListBytes;
  }

  /** The peer has acknowledged `SETTINGS_HEADER_TABLE_SIZE`. */
  setTableLimit(bytes: number): void {
    this.#tableLimit = bytes;
    this.#mustShrink = bytes < this.#table.maxSize;
  }

  /**
   * Decodes a whole block. `undefined`: the list is larger than allowed; the table is as the peer
   * thinks it is all the same.
   */
  decode(bytes: Uint8Array, start: number, end: number): HeaderList | undefined {
    const { version } = this.#table;
    const known = this.#mustShrink ? undefined : this.#cache.find(bytes, start, end, version);
    if (known) return known;
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    this.#literal = false;
    const list = this.#decodeFields();
    this.#bytes = scratch;
    if (!this.#literal && list) this.#cache.keep(bytes, start, end, version, list);
    return list;
  }

  #decodeFields(): HeaderList | undefined {
    const list = new HeaderList();
    this.#resizeTable();
    let tooLarge = false;
    while (this.#at < this.#end) {
      const field = this.#decodeField();
      if (tooLarge || list.size + field.size > this.#maxListBytes) tooLarge = true;
      else list.add(field);
    }
    return tooLarge ? undefined : list;
  }

  /** Size updates, which stand at the beginning of a block. */
  #resizeTable(): void {
    while (this.#at < this.#end && ((this.#bytes[this.#at] as number) & 0xe0) === 0x20) {
      const size = this.#integer(0x1f);
      if (size > this.#tableLimit) throw invalid("a table larger than the settings allow");
      this.#table.resize(size);
      this.#mustShrink = false;
      this.#literal = true;
    }
    if (this.#mustShrink) throw invalid("a block without the size update that is due");
  }

  #decodeField(): HeaderField {
    const first = this.#bytes[this.#at] as number;
    if (first & 0x80) {
      const index = first < 0xff ? this.#small(first & 0x7f) : this.#integer(0x7f);
      return this.#indexed(index);
    }
    this.#literal = true;
    if (first & 0x40) {
      const field = this.#literalField(0x3f);
      this.#table.insert(field);
      return field;
    }
    if (first & 0x20) throw invalid("a size update behind fields");
    return this.#literalField(0x0f);
  }

  #small(index: number): number {
    this.#at++;
    return index;
  }

  #indexed(index: number): HeaderField {
    const field =
      index <= STATIC_COUNT ? staticTable[index] : this.#table.at(index - STATIC_COUNT - 1);
    if (!field) throw invalid(`index ${index}, which is not in the table`);
    return field;
  }

  #literalField(mask: number): HeaderField {
    const index = this.#integer(mask);
    const name = index === 0 ? this.#string() : this.#indexed(index).name;
    return new HeaderField(name, this.#string());
  }

  #integer(mask: number): number {
    const prefix = (this.#bytes[this.#at++] as number) & mask;
    if (prefix < mask) return prefix;
    let value = mask;
    for (let shift = 0; shift <= MAX_INTEGER_SHIFT; shift += 7) {
      if (this.#at >= this.#end) throw invalid("a block that ends within an integer");
      const octet = this.#bytes[this.#at++] as number;
      value += (octet & 0x7f) << shift;
      if (octet < 0x80) return value;
    }
    throw invalid("an integer that is too large");
  }

  #string(): string {
    if (this.#at >= this.#end) throw invalid("a block that ends within a field");
    const huffman = (this.#bytes[this.#at] as number) & 0x80;
    const length = this.#integer(0x7f);
    const start = this.#at;
    const end = start + length;
    if (end > this.#end) throw invalid("a string that is longer than its block");
    this.#at = end;
    if (!huffman) return latin1(this.#bytes, start, end);
    if (scratch.length < 2 * length) scratch = new Uint8Array(4 * length);
    const decoded = huffmanDecode(this.#bytes, start, end, scratch);
    if (decoded < 0) throw invalid("an invalid Huffman code");
    return latin1(scratch, 0, decoded);
  }
}

function invalid(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, `invalid header block: ${what}`);
}
