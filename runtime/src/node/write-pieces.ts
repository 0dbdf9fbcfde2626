// SPDX-License-Identifier: Apache-2.0

/** Node's streams, and its HTTP/1.1 requests and responses. */
interface Target {
  write(chunk: Uint8Array): boolean;
  cork(): void;
  uncork(): void;
}

/** Memory to write from. Not set to zero first: what writes fills it. */
export function allocate(bytes: number): Uint8Array {
  return Buffer.allocUnsafe(bytes);
}

/** Hands pieces to Node together. False: wait for "drain". */
export function writePieces(target: Target, pieces: readonly Uint8Array[]): boolean {
  const [only] = pieces;
  if (only && pieces.length === 1) return target.write(only);
  let room = true;
  target.cork();
  for (const piece of pieces) room = target.write(piece);
  target.uncork();
  return room;
}
