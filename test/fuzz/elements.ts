// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Messages about as large as they may become, and how many elements they have. */
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Random } from "./random.js";

/** What docs/limits.md says: so many elements, and so many more for each byte that travelled. */
const BASE_ELEMENTS = 100_000;
const ELEMENTS_PER_BYTE = 16;

/** How far from the limit messages are. */
const DISTANCES = [-5000, -20, 0, 1, 2, 20, 200, 5000];

/** More rounds bring a message no nearer to the limit. */
const ROUNDS = 3;

const compressions = {
  identity: (bytes: Buffer) => bytes,
  gzip: (bytes: Buffer) => gzipSync(bytes),
  br: (bytes: Buffer) =>
    brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
};

/** How a message travels. */
export type Encoding = keyof typeof compressions;
export type Codec = "proto" | "json";

/** A message of `lab.v1.Note`, ready to travel. */
export interface Sized {
  readonly codec: Codec;
  readonly encoding: Encoding;
  /** As it travels. */
  readonly bytes: Buffer;
  readonly elements: number;
  /** Whether it has more elements than it may have. */
  readonly tooMany: boolean;
}

/** Part of a message. */
interface Piece {
  readonly bytes: Buffer;
  readonly elements: number;
}

/** A message near the limit, on either side of it. */
export function anyMessage(random: Random): Sized {
  const codec = random.pick<Codec>(["proto", "json"]);
  const encoding = random.pick<Encoding>(["gzip", "gzip", "br", "br", "identity"]);
  const build = codec === "proto" ? binaryBuilder(random) : jsonBuilder(random);
  const distance = random.pick(DISTANCES);
  let elements = 0;
  let max = BASE_ELEMENTS;
  let bytes: Buffer = Buffer.alloc(0);
  for (let round = 0; round < ROUNDS; round++) {
    const message = build(max + distance);
    elements = message.elements;
    bytes = compressions[encoding](message.bytes);
    if (encoding === "identity") break;
    max = BASE_ELEMENTS + ELEMENTS_PER_BYTE * bytes.byteLength;
  }
  // What is not compressed has no limit of its own.
  return { codec, encoding, bytes, elements, tooMany: encoding !== "identity" && elements > max };
}

type Builder = (elements: number) => Piece;

/** Builds messages with at least so many elements. */
function binaryBuilder(random: Random): Builder {
  const known = field(4, Buffer.alloc(0), 1);
  const kinds: (() => Piece)[] = [
    () => known,
    () => field(4, Buffer.from([0x10, random.below(128)]), 1),
    () => ({ bytes: Buffer.from([0x78, 0]), elements: 1 }),
    () => ({ bytes: Buffer.from([0x7b, 0x7c]), elements: 1 }),
    () => field(1, Buffer.from('"{[{"'), 0),
    () => {
      const inner = join(Array.from({ length: random.below(2000) }, anyKind));
      return field(4, inner.bytes, inner.elements + 1);
    },
  ];
  const anyKind = (): Piece => random.pick(kinds.slice(0, 5))();
  const noise = field(3, Buffer.from(random.bytes(random.below(2000))), 0);
  const unit = join([random.pick(kinds)(), random.pick(kinds)(), known]);
  return (elements) => {
    const times = Math.floor(elements / unit.elements);
    const rest = elements - times * unit.elements;
    return join([noise, ...repeated(unit, times), ...repeated(known, rest)]);
  };
}

function jsonBuilder(random: Random): Builder {
  const kinds = [
    () => "{}",
    () => `{"number":"${random.below(1000)}"}`,
    () => '{"text" : "[{\\"{},"}',
    () => '{"replies": [{},{"replies":[]}]}',
  ];
  const unit = `${random.pick(kinds)()},${random.pick(kinds)()}`;
  const each = elementsOf(JSON.parse(`[${unit}]`)) - 1;
  return (elements) => {
    // The message itself, and its list.
    const left = elements - 2;
    const times = Math.floor(left / each);
    const rest = Math.floor(left - times * each);
    const replies = [...Array<string>(times).fill(unit), ...Array<string>(rest).fill("{}")];
    const text = `{"replies":[${replies.join(",")}]}`;
    return { bytes: Buffer.from(text), elements: elementsOf(JSON.parse(text)) };
  };
}

/** Objects and lists are an element each, strings a quarter of one. */
function elementsOf(value: unknown): number {
  if (typeof value === "string") return 0.25;
  if (typeof value !== "object" || value === null) return 0;
  return Object.values(value).reduce<number>((sum, each) => sum + elementsOf(each), 1);
}

function field(number: number, data: Buffer, elements: number): Piece {
  const { byteLength: length } = data;
  const size = length < 128 ? [length] : [(length & 127) | 128, ...varintRest(length >> 7)];
  return { bytes: Buffer.concat([Buffer.from([(number << 3) | 2, ...size]), data]), elements };
}

function varintRest(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...varintRest(value >> 7)];
}

function repeated(piece: Piece, times: number): Piece[] {
  return Array<Piece>(times).fill(piece);
}

function join(pieces: readonly Piece[]): Piece {
  return {
    bytes: Buffer.concat(pieces.map(({ bytes }) => bytes)),
    elements: pieces.reduce((sum, { elements }) => sum + elements, 0),
  };
}
