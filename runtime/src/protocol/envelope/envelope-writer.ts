// SPDX-License-Identifier: Apache-2.0

import type { Wire } from "../wire.js";
import { ENVELOPE_HEADER_BYTES } from "./envelope-count.js";
import type { Envelope } from "./envelope-reader.js";

/**
 * Write at once when this much has gathered. One write costs Node about as much as encoding a few
 * dozen small messages; more than this at once only makes the reader wait.
 */
const FLUSH_BYTES = 64 * 1024;

/**
 * Data from this size on is written as it is; smaller ones are copied to one piece, because each
 * piece costs Node more than copying a few KiB.
 */
const COPY_MAX_BYTES = 8 * 1024;

/** Where envelopes go. */
export type EnvelopeTarget = Pick<Wire, "allocate" | "write" | "defer">;

/** What a writer has gathered that has nothing: never added to. */
const none: Envelope[] = [];

/** Gathers the envelopes of one turn of the event loop into one write. */
export class EnvelopeWriter {
  #wire: EnvelopeTarget | undefined;
  #gathered: Envelope[] = none;
  /** What waits to be handed to the wire. */
  bytes = 0;
  #scheduled = false;
  /** True from a write that the wire asked to wait after, to its drain. */
  #full = false;

  /** Where the bytes go; what was written before has waited. */
  attach(wire: EnvelopeTarget): void {
    this.#wire = wire;
    this.#schedule();
  }

  /** Takes an envelope. False: wait for the wire's drain before the next. */
  write(envelope: Envelope): boolean {
    if (this.#gathered === none) this.#gathered = [envelope];
    else this.#gathered.push(envelope);
    this.bytes += ENVELOPE_HEADER_BYTES + envelope.data.byteLength;
    if (this.bytes >= FLUSH_BYTES) return this.flush();
    this.#schedule();
    return !this.#full;
  }

  /** The wire takes more. */
  drained(): void {
    this.#full = false;
  }

  /** Hands what has gathered to the wire. False: wait for its drain. */
  flush(): boolean {
    if (!this.#wire) return false;
    if (this.#gathered.length === 0) return true;
    const pieces = toPieces(this.#gathered, this.#wire);
    this.drop();
    this.#full = !this.#wire.write(pieces);
    return !this.#full;
  }

  /** What `write` has scheduled. */
  flushScheduled(): void {
    this.#scheduled = false;
    this.flush();
  }

  /** Forgets what has gathered. */
  drop(): void {
    this.#gathered = none;
    this.bytes = 0;
  }

  #schedule(): void {
    if (this.#scheduled || !this.#wire || this.bytes === 0) return;
    this.#scheduled = true;
    this.#wire.defer(flushScheduled, this);
  }
}

function flushScheduled(writer: EnvelopeWriter): void {
  writer.flushScheduled();
}

/** The bytes of `envelopes`: small data copied together, large data as it is. */
function toPieces(envelopes: readonly Envelope[], wire: EnvelopeTarget): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let first = 0;
  let bytes = 0;
  envelopes.forEach(({ data }, at) => {
    const large = data.byteLength >= COPY_MAX_BYTES;
    bytes += ENVELOPE_HEADER_BYTES + (large ? 0 : data.byteLength);
    if (!large) return;
    pieces.push(join(envelopes.slice(first, at + 1), wire.allocate(bytes)), data);
    first = at + 1;
    bytes = 0;
  });
  const rest = first > 0 ? envelopes.slice(first) : envelopes;
  if (rest.length > 0) pieces.push(join(rest, wire.allocate(bytes)));
  return pieces;
}

/** Writes headers to `bytes`, and small data after them. */
function join(envelopes: readonly Envelope[], bytes: Uint8Array): Uint8Array {
  let at = 0;
  for (const { flags, data } of envelopes) {
    const length = data.byteLength;
    bytes[at] = flags;
    bytes[at + 1] = length >>> 24;
    bytes[at + 2] = length >>> 16;
    bytes[at + 3] = length >>> 8;
    bytes[at + 4] = length;
    at += ENVELOPE_HEADER_BYTES;
    if (length >= COPY_MAX_BYTES) continue;
    bytes.set(data, at);
    at += length;
  }
  return bytes;
}
