// SPDX-License-Identifier: Apache-2.0
import {
  FrameType,
  readUint24,
  readUint31,
} from "../../../runtime/src/http2/frames/frame-types.js";
import { HeaderList, HpackDecoder, HpackEncoder } from "../../../runtime/src/http2/index.js";

/** A frame, taken apart. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** A frame of any type, valid or not. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Iterable<number> = [],
): Uint8Array {
  const bytes = Uint8Array.from(payload);
  const { length } = bytes;
  return Uint8Array.from([
    (length >> 16) & 255,
    (length >> 8) & 255,
    length & 255,
    type,
    flags,
    ...uint32(streamId),
    ...bytes,
  ]);
}

/** 32 bits. */
export function uint32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** SETTINGS with these pairs. */
export function settings(...pairs: [id: number, value: number][]): Uint8Array {
  const payload = pairs.flatMap(([id, value]) => [id >> 8, id & 255, ...uint32(value)]);
  return frame(FrameType.SETTINGS, 0, 0, payload);
}

/** SETTINGS that acknowledges the peer's. */
export const settingsAck: Uint8Array = frame(FrameType.SETTINGS, 1, 0);

/** Everything one after the other. */
export function concat(...pieces: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** Frames of a peer: what was received, and header blocks in the state of a connection. */
export class FramePeer {
  readonly #encoder = new HpackEncoder();
  readonly #decoder = new HpackDecoder(1 << 20);
  #rest: Uint8Array = new Uint8Array();

  /** Takes bytes apart into frames. What is incomplete waits for more. */
  read(bytes: Uint8Array): Frame[] {
    let rest = Uint8Array.from([...this.#rest, ...bytes]);
    const frames: Frame[] = [];
    while (rest.length >= 9 && rest.length >= 9 + readUint24(rest, 0)) {
      const end = 9 + readUint24(rest, 0);
      frames.push({
        type: rest[3] ?? -1,
        flags: rest[4] ?? 0,
        streamId: readUint31(rest, 5),
        payload: rest.slice(9, end),
      });
      rest = rest.slice(end);
    }
    this.#rest = rest;
    return frames;
  }

  /** HEADERS with these fields. Flags: END_HEADERS, and what is given. */
  headers(
    streamId: number,
    fields: Iterable<readonly [string, string]>,
    { endStream = false }: { endStream?: boolean } = {},
  ): Uint8Array {
    return frame(FrameType.HEADERS, 4 | (endStream ? 1 : 0), streamId, this.block(fields));
  }

  /** A header block. */
  block(fields: Iterable<readonly [string, string]>): Uint8Array {
    this.#encoder.encode(HeaderList.of(fields));
    return Uint8Array.from(this.#encoder.block.subarray(0, this.#encoder.length));
  }

  /** The fields of a header block. */
  fields(block: Uint8Array): [string, string][] {
    const list = this.#decoder.decode(block, 0, block.length);
    return (list?.fields ?? []).map(({ name, value }) => [name, value]);
  }
}
