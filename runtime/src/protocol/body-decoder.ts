// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Traffic } from "../api/outcome.js";
import type { MessageSource } from "../call/receiver.js";
import type { QueueFill } from "../options/queues.js";
import { decompress } from "./compression.js";
import type { Compression } from "./connect-internals.js";
import type { Parse } from "./element-limit.js";
import { ByteQueue } from "./envelope/byte-queue.js";

/** What a decoder needs to know of its codec. */
export interface BodyFormat<T> {
  readonly parse: Parse<T>;
  /** Parsed messages may hold views of the data. */
  readonly aliases: boolean;
  readonly compression: Compression | null;
  readonly readMaxBytes: number;
  /** Told the bytes of the message when it has arrived. */
  readonly onMessage?: ((bytes: number) => void) | undefined;
}

/** Whom a decoder tells. */
export interface BodyEvents {
  /** The message can be taken. */
  onReady(): void;
  /** The message has been taken. */
  onConsumed(): void;
  /** What arrived is no message, or too large. */
  onInvalid(error: ConnectError): void;
}

/** Turns a body into the one message that it is. */
export class BodyDecoder<T> implements MessageSource<T> {
  readonly #format: BodyFormat<T>;
  readonly #events: BodyEvents;
  readonly #queue: ByteQueue = new ByteQueue();
  #bytes = 0;
  /** A body of unknown length may always have more to come. */
  #announced = Number.POSITIVE_INFINITY;
  #state: "open" | "whole" | "taken" | "stopped" = "open";
  #body: Uint8Array | undefined;
  /** Messages taken. */
  messages = 0;

  constructor(format: BodyFormat<T>, events: BodyEvents) {
    this.#format = format;
    this.#events = events;
  }

  /** A body of so many bytes is announced. */
  announce(bytes: number): void {
    this.#announced = bytes;
    if (bytes > this.#format.readMaxBytes) this.#fail(tooLarge(bytes, this.#format.readMaxBytes));
  }

  push(chunk: Uint8Array): void {
    if (this.#state !== "open") return;
    this.#bytes += chunk.byteLength;
    const { readMaxBytes } = this.#format;
    if (this.#bytes > readMaxBytes) return this.#fail(tooLarge(this.#bytes, readMaxBytes));
    this.#queue.push(chunk);
    if (this.#bytes < this.#announced) this.#queue.detach();
  }

  /** The body is whole. */
  end(): void {
    if (this.#state !== "open") return;
    const body = this.#join();
    this.#state = "whole";
    this.#format.onMessage?.(body.byteLength);
    const { compression, readMaxBytes } = this.#format;
    if (!compression || body.byteLength === 0) return this.#ready(body);
    const fail = (thrown: unknown) => this.#fail(ConnectError.from(thrown, Code.Internal));
    try {
      const data = decompress(body, compression, readMaxBytes);
      if (data instanceof Uint8Array) this.#ready(data);
      else data.then((whole) => this.#ready(whole), fail);
    } catch (thrown) {
      fail(thrown);
    }
  }

  take(): T | undefined {
    const body = this.#body;
    if (this.#state === "taken") {
      this.#events.onConsumed();
      return undefined;
    }
    if (this.#state !== "whole" || !body) return undefined;
    this.#state = "taken";
    this.#body = undefined;
    this.messages = 1;
    try {
      return this.#format.parse(body, this.#bytes);
    } catch (error) {
      this.#fail(ConnectError.from(error, Code.Internal));
      return undefined;
    }
  }

  /** Forgets everything; what still arrives is let through. */
  stop(): void {
    this.#state = "stopped";
    this.#body = undefined;
    this.#queue.clear();
  }

  get unread(): QueueFill {
    const waits = this.#body !== undefined;
    return { messages: waits ? 1 : 0, bytes: waits ? this.#bytes : 0, dropped: 0 };
  }

  get received(): Traffic {
    const whole = this.messages > 0 || this.#body !== undefined;
    return { messages: whole ? 1 : 0, bytes: whole ? this.#bytes : 0, dropped: 0 };
  }

  #ready(body: Uint8Array): void {
    if (this.#state !== "whole") return;
    this.#body = body;
    this.#events.onReady();
  }

  #fail(error: ConnectError): void {
    if (this.#state === "stopped") return;
    this.stop();
    this.#events.onInvalid(error);
  }

  #join(): Uint8Array {
    const queue = this.#queue;
    queue.join(this.#bytes);
    const body = queue.first.subarray(queue.offset, queue.offset + this.#bytes);
    queue.clear();
    // Parsed messages keep it alive, and with it the buffer that Node reads into.
    const pins = this.#format.aliases && body.byteLength * 2 < body.buffer.byteLength;
    return pins ? body.slice() : body;
  }
}

function tooLarge(bytes: number, max: number): ConnectError {
  return new ConnectError(
    `message size ${bytes} is larger than configured readMaxBytes ${max}`,
    Code.ResourceExhausted,
  );
}
