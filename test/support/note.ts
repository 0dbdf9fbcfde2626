// SPDX-License-Identifier: Apache-2.0
import { randomFillSync } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Note, NoteSchema } from "./gen/lab/v1/lab_pb.js";

export type NoteInit = MessageInitShape<typeof NoteSchema>;

export function note(text: string): Note {
  return create(NoteSchema, { text });
}

/** Compresses to no less than it is, so that flow control has something to do. */
const noise = randomFillSync(new Uint8Array(4 * 1024 * 1024 + 4096));

/** A message of a little over `bytes` bytes that knows its place. */
export function bulk(bytes: number, number = 0): Note {
  const start = number & 0xfff;
  return create(NoteSchema, {
    payload: noise.subarray(start, start + bytes),
    number: BigInt(number),
  });
}

/** Whether `message` is what `bulk` made. */
export function isBulk(message: Note, bytes: number, number: number): boolean {
  const { payload } = bulk(bytes, number);
  return Number(message.number) === number && Buffer.compare(message.payload, payload) === 0;
}
