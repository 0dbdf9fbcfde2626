// SPDX-License-Identifier: Apache-2.0
import "./support/seed.js";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  huffmanDecode,
  huffmanEncode,
  huffmanLength,
} from "../../runtime/src/http2/hpack/huffman.js";
import { HeaderList, HpackDecoder, HpackEncoder } from "../../runtime/src/http2/index.js";

type Pairs = [name: string, value: string][];

function bytes(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(" ", ""), "hex"));
}

function decode(decoder: HpackDecoder, block: Uint8Array): Pairs | undefined {
  return decoder
    .decode(block, 0, block.length)
    ?.fields.map(({ name, value }): [string, string] => [name, value]);
}

function encode(encoder: HpackEncoder, list: HeaderList): Uint8Array {
  encoder.encode(list);
  return Uint8Array.from(encoder.block.subarray(0, encoder.length));
}

describe("examples of RFC 7541", () => {
  const requests: Pairs[] = [
    [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
    ],
    [
      [":method", "GET"],
      [":scheme", "http"],
      [":path", "/"],
      [":authority", "www.example.com"],
      ["cache-control", "no-cache"],
    ],
    [
      [":method", "GET"],
      [":scheme", "https"],
      [":path", "/index.html"],
      [":authority", "www.example.com"],
      ["custom-key", "custom-value"],
    ],
  ];

  it.each([
    [
      "C.2.1",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      "custom-key",
      "custom-header",
    ],
    ["C.2.2", "040c 2f73 616d 706c 652f 7061 7468", ":path", "/sample/path"],
    ["C.2.3", "1008 7061 7373 776f 7264 0673 6563 7265 74", "password", "secret"],
    ["C.2.4", "82", ":method", "GET"],
  ])("%s: one field", (_, block, name, value) => {
    expect(decode(new HpackDecoder(4096), bytes(block))).toEqual([[name, value]]);
  });

  it.each([
    [
      "C.3",
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
    ],
    [
      "C.4",
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
    ],
  ])("%s: requests", (_, blocks) => {
    const decoder = new HpackDecoder(4096);
    expect(blocks.map((block) => decode(decoder, bytes(block)))).toEqual(requests);
  });

  it("C.4: requests, encoded", () => {
    const encoder = new HpackEncoder();
    const blocks = requests.map((fields) => encode(encoder, HeaderList.of(fields)));
    expect(blocks).toEqual([
      bytes("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff"),
      bytes("8286 84be 5886 a8eb 1064 9cbf"),
      bytes("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf"),
    ]);
  });

  it.each([
    [
      "C.5",
      [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
      ],
    ],
    [
      "C.6",
      [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      ],
    ],
  ])("%s: responses, with a table of 256 bytes", (_, blocks) => {
    const decoder = new HpackDecoder(4096);
    // The examples have the size set out of band; a size update does the same.
    decode(decoder, bytes("3fe1 01"));
    const last = blocks.map((block) => decode(decoder, bytes(block))).at(-1);
    expect(last).toEqual([
      [":status", "200"],
      ["cache-control", "private"],
      ["date", "Mon, 21 Oct 2013 20:13:22 GMT"],
      ["location", "https://www.example.com"],
      ["content-encoding", "gzip"],
      ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
    ]);
  });
});

describe("HPACK", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 255 }).map((c) => String.fromCharCode(c)),
  });
  const names = fc.constantFrom(
    ":path",
    ":status",
    "grpc-timeout",
    "te",
    "x-a",
    "x-b",
    "cookie",
    "authorization",
  );
  const values = fc.oneof(fc.constantFrom("", "1", "200", "trailers", "x".repeat(3000)), text);
  const lists = fc.array(fc.tuple(names, values), { maxLength: 12 });

  it("encodes all strings in Huffman code so that they decode", () => {
    fc.assert(
      fc.property(text, (value) => {
        const target = new Uint8Array(4 * value.length + 1);
        const end = huffmanEncode(value, target, 0);
        expect(end).toBe(huffmanLength(value));
        const decoded = new Uint8Array(2 * end + 1);
        const length = huffmanDecode(target, 0, end, decoded);
        expect(Buffer.from(decoded.subarray(0, length)).toString("latin1")).toBe(value);
      }),
    );
  });

  it("decodes what it encodes, whatever came before and whatever size the table has", () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 6, arbitrary: fc.record({ fields: lists, reused: fc.boolean() }) },
        { weight: 2, arbitrary: fc.record({ again: fc.nat() }) },
        { weight: 1, arbitrary: fc.record({ table: fc.constantFrom(0, 64, 200, 1000, 4096) }) },
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (sequence) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder(1 << 20);
        const sent: HeaderList[] = [];
        for (const step of sequence) {
          if ("table" in step) {
            encoder.setTableLimit(step.table);
            continue;
          }
          const list =
            "again" in step
              ? sent[step.again % Math.max(1, sent.length)]
              : HeaderList.of(step.fields, { reused: step.reused });
          if (!list) continue;
          sent.push(list);
          const expected = list.fields.map(({ name, value }) => [name, value]);
          // More often than once: what a reused list becomes depends on how often it came.
          for (let turn = 0; turn < (list.reused ? 3 : 1); turn++) {
            expect(decode(decoder, encode(encoder, list))).toEqual(expected);
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  const request: Pairs = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/jobs.v1.Jobs/Tail"],
    [":authority", "127.0.0.1:8080"],
    ["content-type", "application/grpc+proto"],
    ["te", "trailers"],
  ];

  it("makes a repeated list an octet a field, and the same object for the receiver", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    const list = HeaderList.of(request, { reused: true });
    const blocks = [1, 2, 3, 4].map(() => encode(encoder, list));
    const decoded = blocks.map((block) => decoder.decode(block, 0, block.length));
    expect(blocks[1]).toHaveLength(request.length);
    expect(blocks[3]).toEqual(blocks[1]);
    expect(decoded[2]).toBe(decoded[1]);
    expect(decoded[3]).toBe(decoded[1]);
  });

  it("does not repeat octets that put a field into the table", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    const typed = (type: string) => HeaderList.of([["content-type", type]], { reused: true });
    // After these, a value of the name is indexed when it comes for the second time.
    const once = Array.from({ length: 5 }, (_, i) => typed(`application/x-${i}`));
    const list = typed("application/proto");
    const other = HeaderList.of([["content-encoding", "gzip"]], { reused: true });
    for (const one of [...once, other, list, list, list, other, list]) {
      const expected = one.fields.map(({ name, value }) => [name, value]);
      expect(decode(decoder, encode(encoder, one))).toEqual(expected);
    }
  });

  it("does not give the object of an earlier block for a table that has changed", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(4096);
    for (let i = 0; i < 300; i++) {
      const list = HeaderList.of([["x-turn", String(i % 7)], ...request]);
      expect(decode(decoder, encode(encoder, list))?.[0]?.[1]).toBe(String(i % 7));
    }
  });

  it("makes what is common to lists an octet a field, too", () => {
    const encoder = new HpackEncoder();
    const common = HeaderList.of(request);
    for (let i = 0; i < 10; i++) encode(encoder, common.concat([["grpc-timeout", `${i}m`]]));
    const list = common.concat([["grpc-timeout", "99m"]]);
    expect(list.get("grpc-timeout")).toBe("99m");
    expect(encode(encoder, list).length).toBeLessThan(request.length + 8);
    expect(common.fields).toHaveLength(request.length);
  });

  it("stops to index a name whose values never come again", () => {
    const encoder = new HpackEncoder();
    const ids = Array.from({ length: 100 }, (_, i) => `00-${i}`);
    for (const id of ids) encode(encoder, HeaderList.of([...request, ["traceparent", id]]));
    const block = encode(encoder, HeaderList.of([...request, ["traceparent", "00-x"]]));
    // All else is still in the table.
    expect(block).toHaveLength(request.length + 2 + 1 + 4);
  });

  it("never indexes a short secret", () => {
    const encoder = new HpackEncoder();
    const list = HeaderList.of([["authorization", "Basic YTpi"]]);
    const first = encode(encoder, list);
    expect(first[0]).toBe(0x1f);
    expect(encode(encoder, list)).toEqual(first);
  });

  it("says that a list is too large, and stays in step", () => {
    const encoder = new HpackEncoder();
    const decoder = new HpackDecoder(1000);
    const large = HeaderList.of([
      ["x-a", "1"],
      ["x-large", "y".repeat(1500)],
      ["x-b", "2"],
    ]);
    expect(decode(decoder, encode(encoder, large))).toBeUndefined();
    const small = HeaderList.of([
      ["x-a", "1"],
      ["x-b", "2"],
    ]);
    expect(decode(decoder, encode(encoder, small))).toEqual([
      ["x-a", "1"],
      ["x-b", "2"],
    ]);
  });

  it.each([
    ["index 0", "80"],
    ["an index beyond the table", "be"],
    ["an integer without end", "ff ff ff ff ff ff ff ff"],
    ["a string beyond the block", "40 01 61 7f 00 62"],
    ["a block that ends within a field", "40 01 61"],
    ["a size update behind a field", "82 20"],
    ["a table larger than allowed", "3f e2 1f"],
    ["Huffman code with the end of string", "00 85 ff ff ff ff ff 01 62"],
    ["Huffman code with padding of zeros", "00 81 18 01 62"],
    ["Huffman code with too much padding", "00 82 1f ff 01 62"],
  ])("rejects %s", (_, block) => {
    expect(() => decode(new HpackDecoder(4096), bytes(block))).toThrow("invalid header block");
  });

  it("requires a size update when our table has become smaller", () => {
    const decoder = new HpackDecoder(4096);
    decoder.setTableLimit(100);
    expect(() => decode(decoder, bytes("82"))).toThrow("size update");
    expect(decode(decoder, bytes("3f 45 82"))).toEqual([[":method", "GET"]]);
  });

  it("throws nothing but errors of compression, whatever comes", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (blocks) => {
        const decoder = new HpackDecoder(500);
        for (const block of blocks) {
          try {
            decoder.decode(block, 0, block.length);
          } catch (error) {
            expect(error).toMatchObject({ name: "ConnectionError", code: 9 });
            return;
          }
        }
      }),
      { numRuns: 2000 },
    );
  });
});
