// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, ErrorCode } from "./errors.js";
import type { ControlQueue } from "./frames/control-queue.js";
import { readUint32 } from "./frames/frame-types.js";
import { writeUint32 } from "./frames/frame-writer.js";
import type { Http2Host } from "./host.js";
import { MAX_PING_STRIKES } from "./limits.js";

/** Pings of ours that may be on their way; more are not sent. */
const MAX_OUTSTANDING = 32;

interface Outstanding {
  readonly number: number;
  readonly sentAt: number;
  readonly onAnswer: (rttMs: number) => void;
}

const payload = new Uint8Array(8);

/** Pings of a connection, both ways. */
export class Pings {
  readonly #host: Http2Host;
  readonly #control: ControlQueue;
  readonly #minIntervalMs: number;
  #outstanding: Outstanding[] = [];
  #sent = 0;
  #strikes = 0;
  #lastReceived = Number.NEGATIVE_INFINITY;

  /** `minIntervalMs`: between two pings of the peer without data between them; 0: any. */
  constructor(host: Http2Host, control: ControlQueue, minIntervalMs: number) {
    this.#host = host;
    this.#control = control;
    this.#minIntervalMs = minIntervalMs;
  }

  /** Sends a ping. False: too many are on their way, and their answers say as much. */
  send(onAnswer: (rttMs: number) => void): boolean {
    if (this.#outstanding.length >= MAX_OUTSTANDING) return false;
    const number = ++this.#sent;
    writeUint32(payload, 4, number);
    this.#control.ping(false, payload, 0);
    this.#outstanding.push({ number, sentAt: this.#host.now(), onAnswer });
    return true;
  }

  /** A ping was answered. Answers to none are ignored. */
  answered(bytes: Uint8Array, at: number): void {
    const number = readUint32(bytes, at + 4);
    const i = this.#outstanding.findIndex((ping) => ping.number === number);
    const [ping] = i < 0 ? [] : this.#outstanding.splice(i, 1);
    ping?.onAnswer(this.#host.now() - ping.sentAt);
  }

  /**
   * Answers a ping. `active`: whether headers or data have been sent since the last; then it is no
   * keepalive ping, and may come at any time.
   * https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#server-enforcement
   */
  received(bytes: Uint8Array, at: number, active: boolean): void {
    const now = this.#host.now();
    if (active) this.#strikes = 0;
    else if (now - this.#lastReceived < this.#minIntervalMs && ++this.#strikes > MAX_PING_STRIKES) {
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "too_many_pings");
    }
    this.#lastReceived = now;
    this.#control.ping(true, bytes, at);
  }
}
