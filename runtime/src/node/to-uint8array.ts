// SPDX-License-Identifier: Apache-2.0
/** Node's buffers as what they are: parsed messages must not hold a subclass. */
export function toUint8Array(chunk: Uint8Array): Uint8Array {
  return new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
