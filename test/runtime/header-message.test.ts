// SPDX-License-Identifier: Apache-2.0
// Initial metadata as headers, and back. Whatever is one, is the same again.
import { create, equals, type MessageInitShape } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { HeaderMessage } from "../../runtime/src/metadata/header-message.js";
import { readHeaderMessage } from "../../runtime/src/metadata/header-message-reader.js";
import {
  type AllKinds,
  AllKindsSchema,
  JoinSchema,
  Mood,
} from "../support/gen/lab/v1/metadata_pb.js";
import { Join2Schema, Size } from "../support/gen/lab/v1/metadata2_pb.js";

type Init = MessageInitShape<typeof AllKindsSchema>;

const allKinds = new HeaderMessage(AllKindsSchema);
const join = new HeaderMessage(JoinSchema);
const join2 = new HeaderMessage(Join2Schema);

function written(format: HeaderMessage, init: object, others: HeadersInit = {}): Headers {
  const headers = new Headers(others);
  format.addTo(headers, init);
  return headers;
}

describe("on the wire", () => {
  const texts: [string, Init, Record<string, string>][] = [
    ["nothing that is not set", {}, {}],
    [
      "nothing for what has its default",
      { anInt32: 0, aString: "", aBool: false, strings: [] },
      {},
    ],
    ["what is set on purpose", { maybe: "" }, { maybe: "" }],
    [
      "whole numbers in decimal",
      { anInt32: -1, aUint64: 2n ** 64n - 1n },
      { an_int32: "-1", a_uint64: "18446744073709551615" },
    ],
    ["other numbers", { aDouble: 0.1, aFloat: 1e21 }, { a_double: "0.1", a_float: "1e+21" }],
    [
      "numbers that are none",
      { aDouble: Number.NaN, aFloat: Number.NEGATIVE_INFINITY },
      { a_double: "NaN", a_float: "-Infinity" },
    ],
    ["bools", { aBool: true, bools: [true, false] }, { a_bool: "true", bools: "true, false" }],
    [
      "enums by name, or else by number",
      { mood: Mood.BAD, moods: [Mood.GOOD, 9 as Mood] },
      { mood: "MOOD_BAD", moods: "MOOD_GOOD, 9" },
    ],
    [
      "bytes in base64",
      { aBytes: new Uint8Array([0, 255]), chunks: [new Uint8Array([1]), new Uint8Array([2])] },
      { "a_bytes-bin": "AP8", "chunks-bin": "AQ, Ag" },
    ],
    ["strings as they are", { aString: 'a, "b" c%' }, { a_string: 'a, "b" c%' }],
    ["other strings in base64", { aString: "ä" }, { "a_string-bin": "w6Q" }],
    ["spaces at an end in base64", { aString: " a" }, { "a_string-bin": "IGE" }],
    ["lists of strings", { strings: ["a b", "c"] }, { strings: "a b, c" }],
    [
      "lists with a comma in base64, as a whole",
      { strings: ["a,b", "c"] },
      { "strings-bin": "YSxi, Yw" },
    ],
    ["the one field of a oneof", { either: { case: "number", value: 0 } }, { number: "0" }],
    [
      "numbers that JavaScript has as strings",
      { asText: "-5", asTexts: ["7"] },
      { as_text: "-5", as_texts: "7" },
    ],
    ["names in lower case", { CamelCase: "x" }, { camelcase: "x" }],
  ];
  it.each(texts)("%s", (_, init, headers) => {
    expect(Object.fromEntries(written(allKinds, init))).toEqual(headers);
  });

  it("other headers stay, those of a field that is set do not", () => {
    const others = { "x-a": "b", "user-id": "eve", level: "9" };
    const headers = written(join, { userId: "ada" }, others);
    expect(Object.fromEntries(headers)).toEqual({ "x-a": "b", user_id: "ada", level: "9" });
  });
});

const double = fc
  .double()
  .map((value) => (Object.is(value, -0) ? 0 : value))
  .filter((v) => !Number.isNaN(v));
const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => new Uint8Array(array));
const text = fc.oneof(fc.string({ maxLength: 10 }), fc.string({ maxLength: 10, unit: "grapheme" }));
const [long, ulong] = [fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.bigInt(0n, 2n ** 64n - 1n)];
const mood = fc.constantFrom(Mood.UNSPECIFIED, Mood.GOOD, Mood.BAD, 77 as Mood, -1 as Mood);
const list = <T>(item: fc.Arbitrary<T>) => fc.array(item, { maxLength: 4 });
const int32 = fc.integer();
const uint32 = fc.nat(2 ** 32 - 1);

const messages: fc.Arbitrary<Init> = fc.record(
  {
    ...{ aDouble: double, aFloat: fc.float({ noNaN: true }), anInt32: int32, anInt64: long },
    ...{ aUint32: uint32, aUint64: ulong, aSint32: int32, aSint64: long, aFixed32: uint32 },
    ...{ aFixed64: ulong, anSfixed32: int32, anSfixed64: long, aBool: fc.boolean(), aString: text },
    ...{ aBytes: bytes, mood, maybe: text, doubles: list(double), longs: list(long) },
    ...{ bools: list(fc.boolean()), strings: list(text), chunks: list(bytes), moods: list(mood) },
    ...{ asText: long.map(String), asTexts: list(ulong.map(String)), CamelCase: text },
    either: fc.oneof(
      fc.record({ case: fc.constant("text" as const), value: text }),
      fc.record({ case: fc.constant("number" as const), value: uint32 }),
    ),
  },
  { requiredKeys: [] },
);

it("what is written is read again", () => {
  fc.assert(
    fc.property(messages, (init) => {
      const read = readHeaderMessage(allKinds, written(allKinds, init));
      return equals(AllKindsSchema, read as AllKinds, create(AllKindsSchema, init));
    }),
    { seed: 5, numRuns: 2000 },
  );
});

describe("what others may send", () => {
  const read = (headers: HeadersInit) => readHeaderMessage(allKinds, new Headers(headers));
  it.each<[string, [string, string][], Init]>([
    [
      "dashes for underscores",
      [
        ["a-string", "a"],
        ["an-int32", "1"],
        ["a-bytes-bin", "AQ=="],
      ],
      { aString: "a", anInt32: 1, aBytes: new Uint8Array([1]) },
    ],
    [
      "names in upper case",
      [
        ["CamelCase", "x"],
        ["A_BOOL", "true"],
      ],
      { CamelCase: "x", aBool: true },
    ],
    [
      "one header a value",
      [
        ["longs", "1"],
        ["longs", "-2"],
      ],
      { longs: [1n, -2n] },
    ],
    ["commas without spaces", [["bools", "true,false ,true"]], { bools: [true, false, true] }],
    [
      "enums by number",
      [
        ["mood", "2"],
        ["moods", "1,MOOD_BAD,5"],
      ],
      { mood: Mood.BAD, moods: [1, 2, 5 as Mood] },
    ],
    [
      "base64 of any string",
      [
        ["a_string-bin", "YQ=="],
        ["strings-bin", "YQ,Yg=="],
      ],
      { aString: "a", strings: ["a", "b"] },
    ],
    ["exponents", [["a_double", "1.5E3"]], { aDouble: 1500 }],
    ["a default", [["an_int32", "0"]], {}],
    [
      "an empty value",
      [
        ["a_string", ""],
        ["maybe", ""],
      ],
      { maybe: "" },
    ],
    [
      "headers of others",
      [
        ["x-strings", "a"],
        ["string", "b"],
      ],
      {},
    ],
  ])("%s", (_, headers, init) => {
    expect(read(headers)).toEqual(create(AllKindsSchema, init));
  });

  it("bytes that are split and sent in URL-safe base64", () => {
    expect(read({ "a_bytes-bin": "-_8" })).toMatchObject({ aBytes: new Uint8Array([251, 255]) });
  });
});

describe("what is no message", () => {
  const refusal = (format: HeaderMessage, headers: HeadersInit) => {
    try {
      readHeaderMessage(format, new Headers(headers));
    } catch (error) {
      expect(error).toMatchObject({ code: Code.InvalidArgument });
      return (error as { rawMessage: string }).rawMessage;
    }
    throw new Error("accepted");
  };

  it.each<[Record<string, string>, string]>([
    [
      { an_int32: "1.5" },
      'header "an_int32" is "1.5", allowed: a whole number from -2147483648 to 2147483647',
    ],
    [
      { "an-int32": "2147483648" },
      'header "an-int32" is "2147483648", allowed: a whole number from -2147483648 to 2147483647',
    ],
    [{ a_uint32: "-1" }, 'header "a_uint32" is "-1", allowed: a whole number from 0 to 4294967295'],
    [
      { an_int64: "9223372036854775808" },
      'header "an_int64" is "9223372036854775808", allowed: a whole number from -9223372036854775808 to 9223372036854775807',
    ],
    [
      { a_uint64: "99999999999999999999999" },
      'header "a_uint64" is "99999999999999999999999", allowed: a whole number from 0 to',
    ],
    [{ an_int32: "" }, 'header "an_int32" is "", allowed: a whole number'],
    [{ an_int32: "1, 2" }, 'header "an_int32" is "1, 2", allowed'],
    [{ an_int32: "0x10" }, 'header "an_int32" is "0x10", allowed'],
    [{ longs: "1, two" }, 'header "longs" is "two", allowed: a whole number'],
    [
      { a_double: "a lot" },
      'header "a_double" is "a lot", allowed: a number, NaN, Infinity or -Infinity',
    ],
    [{ a_double: "1e999" }, 'header "a_double" is "1e999", allowed: a number'],
    [{ a_float: "1e300" }, 'header "a_float" is "1e300", allowed: a number'],
    [{ a_bool: "yes" }, 'header "a_bool" is "yes", allowed: true or false'],
    [{ mood: "GOOD" }, 'header "mood" is "GOOD", allowed: MOOD_UNSPECIFIED, MOOD_GOOD, MOOD_BAD'],
    [{ "a_bytes-bin": "ä" }, 'header "a_bytes-bin" is "ä", allowed: base64'],
    [{ "a_string-bin": "/w" }, 'header "a_string-bin" is "/w", allowed: the base64 of UTF-8'],
    [
      { a_string: "ä" },
      'header "a_string" is "ä", allowed: printable ASCII, or the base64 of UTF-8 as a_string-bin',
    ],
    [
      { a_string: "a", "a-string": "b" },
      'headers "a_string" and "a-string" are both set, allowed: only one of them',
    ],
    [{ a_string: "a", "a_string-bin": "YQ" }, 'headers "a_string" and "a_string-bin" are both set'],
    [{ text: "a", number: "1" }, 'headers "text" and "number" are both set'],
    [{ a_bool: "x".repeat(1000) }, `header "a_bool" is "${"x".repeat(64)}…", allowed`],
  ])("%o", (headers, message) => {
    expect(refusal(allKinds, headers)).toContain(`initial metadata: ${message}`);
  });

  it("proto2: what is required has to be there, and closed enums have no other values", () => {
    expect(refusal(join2, {})).toBe('initial metadata: header "user_id" is missing');
    expect(refusal(join2, { user_id: "a", size: "3" })).toContain(
      'header "size" is "3", allowed: SIZE_SMALL, SIZE_LARGE',
    );
    const read = readHeaderMessage(join2, new Headers({ user_id: "a", size: "2" }));
    expect(read).toMatchObject({ userId: "a", level: 7, size: Size.LARGE });
  });
});

describe("what cannot be written", () => {
  it.each<[string, HeaderMessage, object]>([
    ["a number of a wrong type", allKinds, { anInt32: 1.5 }],
    ["a number that is too large", allKinds, { anInt64: 2n ** 63n }],
    ["one in a list", allKinds, { longs: [1n, "x"] }],
    ["a text that is none", allKinds, { aString: "\ud800" }],
    ["a missing field of proto2", join2, {}],
  ])("%s", (_, format, init) => {
    expect(() => written(format, init)).toThrow(
      expect.objectContaining({
        code: Code.Internal,
        rawMessage: expect.stringContaining("initial metadata: "),
      }),
    );
  });
});
