// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { EnvelopeCount } from "../../runtime/src/protocol/envelope/envelope-count.js";
import { envelope } from "../support/raw.js";

const END = 0b10;
const MAX = 2 ** 32 - 1;
const messages = [0, 1, 5, 300, 70_000].map((bytes) => envelope(new Uint8Array(bytes)));
const stream = Buffer.concat([...messages, envelope(new Uint8Array(9), END)]);

it.each([1, 2, 3, 5, 7, 64, 1000, stream.length])(
  "tells messages in pieces of %i bytes",
  (size) => {
    const told: number[] = [];
    const count = new EnvelopeCount(END, MAX, (bytes) => told.push(bytes));
    for (let at = 0; at < stream.length; at += size) count.add(stream.subarray(at, at + size));
    expect(told).toEqual([0, 1, 5, 300, 70_000]);
  },
);

it("tells every envelope where no flag ends the stream", () => {
  const told: number[] = [];
  new EnvelopeCount(0, MAX, (bytes) => told.push(bytes)).add(stream);
  expect(told).toEqual([0, 1, 5, 300, 70_000, 9]);
});

it("tells no message before it is whole", () => {
  const told: number[] = [];
  const count = new EnvelopeCount(END, MAX, (bytes) => told.push(bytes));
  count.add(envelope(new Uint8Array(4), 0, 5));
  expect(told).toEqual([]);
  count.add(new Uint8Array(1));
  expect(told).toEqual([5]);
});
