// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { base64Body } from "../../runtime/src/protocol/base64-body.js";

const bytes = (length: number) => Uint8Array.from({ length }, (_, at) => (at * 37 + 11) & 0xff);
const text = (data: Uint8Array) => new TextEncoder().encode(Buffer.from(data).toString("base64"));

/** Decodes `chunks`, one after the other. */
function decode(chunks: readonly Uint8Array[]): Buffer {
  const decoder = base64Body.createDecoder();
  const decoded = chunks.map((chunk) => decoder.push(chunk));
  decoder.end();
  return Buffer.concat(decoded);
}

describe("encodes", () => {
  it.each([...Array(20).keys()])("%d bytes, in pieces of any size", (length) => {
    const data = bytes(length);
    for (let at = 0; at <= length; at++) {
      const pieces = [data.subarray(0, at), data.subarray(at)];
      expect(Buffer.from(base64Body.encode(pieces, length))).toEqual(Buffer.from(text(data)));
    }
  });
});

describe("decodes", () => {
  it("every byte, wherever the body is cut in three", () => {
    const data = bytes(17);
    const body = text(data);
    for (let first = 0; first <= body.length; first++) {
      for (let second = first; second <= body.length; second++) {
        const chunks = [
          body.subarray(0, first),
          body.subarray(first, second),
          body.subarray(second),
        ];
        expect(decode(chunks)).toEqual(Buffer.from(data));
      }
    }
  });

  it("padding within a body, wherever that is cut", () => {
    const parts = [1, 2, 3, 4, 5].map(bytes);
    const body = Buffer.concat(parts.map(text));
    expect(body.toString()).toContain("=");
    for (let at = 0; at <= body.length; at++) {
      expect(decode([body.subarray(0, at), body.subarray(at)])).toEqual(Buffer.concat(parts));
    }
  });

  it("all values of a byte", () => {
    const data = Uint8Array.from({ length: 256 }, (_, at) => at);
    expect(decode([text(data)])).toEqual(Buffer.from(data));
  });
});

describe("refuses", () => {
  it.each(["=AAA", "A===", "AA=A", "AAA\n", "AA-_", "AAAA\u0000", "é"])("%j", (body) => {
    const decoder = base64Body.createDecoder();
    const push = () => decoder.push(new TextEncoder().encode(body));
    expect(push).toThrow(expect.objectContaining({ code: Code.InvalidArgument }));
  });

  it.each(["A", "AA", "AAA", "AA="])("a body that ends with %j", (body) => {
    expect(() => decode([new TextEncoder().encode(body)])).toThrow("within a group of four");
  });
});
