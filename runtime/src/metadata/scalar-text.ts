// SPDX-License-Identifier: Apache-2.0
import { type DescEnum, type DescField, ScalarType } from "@bufbuild/protobuf";

/** How values of one type are written in a header. */
export interface ScalarText {
  /** What `parse` takes, for people. */
  readonly allowed: string;
  format(value: unknown): string;
  /** `undefined` for a text that is no such value. */
  parse(text: string): unknown;
}

/** Names to give of an enum that has many. */
const MAX_NAMES = 16;

const int32 = integer(-(2n ** 31n), 2n ** 31n - 1n, Number);
const uint32 = integer(0n, 2n ** 32n - 1n, Number);
const int64 = integer(-(2n ** 63n), 2n ** 63n - 1n);
const uint64 = integer(0n, 2n ** 64n - 1n);

const bool: ScalarText = {
  allowed: "true or false",
  format: String,
  parse: (text) => (text === "true" ? true : text === "false" ? false : undefined),
};

const float = decimal((value) => !Number.isFinite(value) || Number.isFinite(Math.fround(value)));

const double = decimal(() => true);

const scalars: Readonly<Partial<Record<ScalarType, ScalarText>>> = {
  [ScalarType.BOOL]: bool,
  [ScalarType.INT32]: int32,
  [ScalarType.SINT32]: int32,
  [ScalarType.SFIXED32]: int32,
  [ScalarType.UINT32]: uint32,
  [ScalarType.FIXED32]: uint32,
  [ScalarType.INT64]: int64,
  [ScalarType.SINT64]: int64,
  [ScalarType.SFIXED64]: int64,
  [ScalarType.UINT64]: uint64,
  [ScalarType.FIXED64]: uint64,
  [ScalarType.FLOAT]: float,
  [ScalarType.DOUBLE]: double,
};

/** How the values of a field are written that is neither a string nor bytes. */
export function scalarText(field: DescField): ScalarText {
  const text = field.enum ? names(field.enum) : field.scalar && scalars[field.scalar];
  if (!text) throw new TypeError(`${field} can't be sent as a header`);
  return text;
}

function integer(
  min: bigint,
  max: bigint,
  convert: (value: bigint) => unknown = (value) => value,
): ScalarText {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    format: String,
    parse(text) {
      if (!/^-?\d{1,20}$/.test(text)) return undefined;
      const value = BigInt(text);
      return value >= min && value <= max ? convert(value) : undefined;
    },
  };
}

function decimal(holds: (value: number) => boolean): ScalarText {
  return {
    allowed: "a number, NaN, Infinity or -Infinity",
    format: (value) => (Object.is(value, -0) ? "-0" : String(value)),
    parse(text) {
      if (!/^(-?\d+(\.\d+)?([eE][+-]?\d+)?|NaN|-?Infinity)$/.test(text)) return undefined;
      const value = Number(text);
      const overflows = !Number.isFinite(value) && /\d/.test(text);
      return !overflows && holds(value) ? value : undefined;
    },
  };
}

/** By name; a number does, too. An open enum may have others than it names. */
function names({ values, value: byNumber, open }: DescEnum): ScalarText {
  const known = values.slice(0, MAX_NAMES).map(({ name }) => name);
  if (values.length > MAX_NAMES) known.push("…");
  return {
    allowed: known.join(", "),
    format: (number) => byNumber[Number(number)]?.name ?? String(number),
    parse(text) {
      const named = values.find(({ name }) => name === text);
      if (named) return named.number;
      const number = int32.parse(text);
      const isKnown = values.some((value) => value.number === number);
      return isKnown || open ? number : undefined;
    },
  };
}
