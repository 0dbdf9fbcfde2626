// SPDX-License-Identifier: Apache-2.0

/** Types of frames. https://www.rfc-editor.org/rfc/rfc9113.html#section-6 */
export const FrameType = {
  DATA: 0x0,
  HEADERS: 0x1,
  PRIORITY: 0x2,
  RST_STREAM: 0x3,
  SETTINGS: 0x4,
  PUSH_PROMISE: 0x5,
  PING: 0x6,
  GOAWAY: 0x7,
  WINDOW_UPDATE: 0x8,
  CONTINUATION: 0x9,
} as const;

/** Flags of frames. */
export const Flag = {
  END_STREAM: 0x1,
  ACK: 0x1,
  END_HEADERS: 0x4,
  PADDED: 0x8,
  PRIORITY: 0x20,
} as const;

/** Octets of a frame before its payload. */
export const FRAME_HEADER_BYTES = 9;

/** Identifiers of streams have 31 bits. */
export const MAX_STREAM_ID = 0x7fffffff;

/** What a client sends first. */
export const CLIENT_PREFACE: Uint8Array = new TextEncoder().encode(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
);

/** The 32 bits at a place, as a whole number from 0 on. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at] as number) * 0x1000000 + readUint24(bytes, at + 1)) >>> 0;
}

/** The 24 bits at a place. */
export function readUint24(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
  );
}

/** The 31 bits of a stream's identifier, an increment and the like. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at) & MAX_STREAM_ID;
}
