// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";

/** Gathers the body of a response, up to its largest size. */
export class Body {
  readonly #maxBytes: number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  /** It is whole, and has been taken. */
  taken = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a chunk; gives the error of a body that is too large. */
  push(chunk: Uint8Array): ConnectError | undefined {
    this.#bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    if (this.#bytes <= this.#maxBytes) return undefined;
    this.drop();
    return new ConnectError(
      `message size is larger than configured readMaxBytes ${this.#maxBytes}`,
      Code.ResourceExhausted,
    );
  }

  /** All of it, in one piece. */
  take(): Uint8Array {
    this.taken = true;
    const [only] = this.#chunks;
    const whole = only && this.#chunks.length === 1 ? only : join(this.#chunks, this.#bytes);
    this.drop();
    return whole;
  }

  drop(): void {
    this.#chunks = [];
  }
}

function join(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const whole = new Uint8Array(bytes);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
