// SPDX-License-Identifier: Apache-2.0

/** Whom a request body tells. */
export interface RequestBodyEvents {
  onData(chunk: Uint8Array): void;
  onEnd(): void;
  /** It cannot be read any more: the client is gone. */
  onFail(): void;
}

/** Reads the body of a request, a piece at a time, so that its host holds the client back. */
export class RequestBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  #state: "open" | "ended" | "cancelled" = "open";
  #paused = false;
  #wake: (() => void) | undefined;

  /** Throws a `TypeError` for a body that somebody else reads, or has read. */
  constructor(request: Request) {
    if (request.bodyUsed) throw new TypeError("the request body has been read already");
    this.#reader = request.body?.getReader();
  }

  get ended(): boolean {
    return this.#state === "ended";
  }

  /** Reads to the end, and tells. */
  async run(events: RequestBodyEvents): Promise<void> {
    while (this.#state === "open") {
      const next = await this.#next();
      if (this.#paused) await this.#resumed();
      if (this.#state !== "open") return;
      if (next === "failed") {
        this.#state = "ended";
        return events.onFail();
      }
      if (next) events.onData(next);
      else {
        this.#state = "ended";
        events.onEnd();
      }
    }
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    this.#wake?.();
  }

  /** Reads nothing more, and tells nothing more. */
  cancel(): void {
    if (this.#state !== "open") return;
    this.#state = "cancelled";
    this.resume();
    this.#reader?.cancel().catch(() => undefined);
  }

  /** The next piece; `undefined` at the end. */
  async #next(): Promise<Uint8Array | undefined | "failed"> {
    try {
      const { value } = (await this.#reader?.read()) ?? {};
      return value && toUint8Array(value);
    } catch {
      return "failed";
    }
  }

  #resumed(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** Some hosts give `Buffer`s, whose views are `Buffer`s, too, in the messages of handlers. */
function toUint8Array(chunk: Uint8Array): Uint8Array {
  return chunk.constructor === Uint8Array
    ? chunk
    : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
