// SPDX-License-Identifier: Apache-2.0

/** A stream of HTTP/2, or a request or response of HTTP/1.1. */
interface Target {
  write(chunk: Uint8Array): boolean;
}

interface Corkable extends Target {
  cork(): void;
  uncork(): void;
}

/** Memory to write from. Not set to zero first: what writes fills it. */
export function allocate(bytes: number): Uint8Array {
  return Buffer.allocUnsafe(bytes);
}

/** Hands pieces to a stream of HTTP/2 together. False: wait for "drain". */
export function writeTogether(target: Corkable, pieces: readonly Uint8Array[]): boolean {
  const [only] = pieces;
  if (only && pieces.length === 1) return target.write(only);
  target.cork();
  const room = writeEach(target, pieces);
  target.uncork();
  return room;
}

/**
 * Hands pieces to a request or response of HTTP/1.1, whose socket takes what is written in one tick
 * together. False: wait for "drain". Corked, a message looks at what it holds itself and not at its
 * socket: then it has room when the socket is full, or waits for a "drain" that never comes.
 * https://github.com/nodejs/node/blob/v24.x/lib/_http_outgoing.js
 */
export function writeEach(target: Target, pieces: readonly Uint8Array[]): boolean {
  let room = true;
  for (const piece of pieces) room = target.write(piece);
  return room;
}
