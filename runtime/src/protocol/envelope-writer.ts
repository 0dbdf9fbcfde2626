// SPDX-License-Identifier: Apache-2.0
import { ENVELOPE_HEADER_BYTES, type Envelope } from "./envelope-reader.js";
import type { Wire } from "./wire.js";

/**
 * Write at once when this much has gathered. One write costs Node about as much as encoding a few
 * dozen small messages; more than this at once only makes the reader wait.
 */
const FLUSH_BYTES = 64 * 1024;

/** Gathers the envelopes of one turn of the event loop into one write. */
export class EnvelopeWriter {
  #wire: Wire | undefined;
  #gathered: Envelope[] = [];
  #bytes = 0;
  #scheduled = false;
  readonly #flush = (): void => {
    this.#scheduled = false;
    this.flush();
  };

  /** Where the bytes go; what was written before has waited. */
  attach(wire: Wire): void {
    this.#wire = wire;
    this.#schedule();
  }

  /** Takes an envelope. False: wait for the wire's drain before the next. */
  write(envelope: Envelope): boolean {
    this.#gathered.push(envelope);
    this.#bytes += ENVELOPE_HEADER_BYTES + envelope.data.byteLength;
    if (this.#bytes >= FLUSH_BYTES) return this.flush();
    this.#schedule();
    return true;
  }

  /** Hands what has gathered to the wire. False: wait for its drain. */
  flush(): boolean {
    if (!this.#wire) return false;
    if (this.#gathered.length === 0) return true;
    const bytes = join(this.#gathered, this.#bytes);
    this.drop();
    return this.#wire.write(bytes);
  }

  /** Forgets what has gathered. */
  drop(): void {
    this.#gathered = [];
    this.#bytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#wire || this.#bytes === 0) return;
    this.#scheduled = true;
    this.#wire.defer(this.#flush);
  }
}

function join(envelopes: readonly Envelope[], total: number): Uint8Array {
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const { flags, data } of envelopes) {
    const length = data.byteLength;
    bytes[at] = flags;
    bytes[at + 1] = length >>> 24;
    bytes[at + 2] = length >>> 16;
    bytes[at + 3] = length >>> 8;
    bytes[at + 4] = length;
    bytes.set(data, at + ENVELOPE_HEADER_BYTES);
    at += ENVELOPE_HEADER_BYTES + length;
  }
  return bytes;
}
