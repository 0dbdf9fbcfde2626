// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { abortError, onAbort } from "../../call/abort.js";
import { type Rejecting, Waiting } from "../../call/reject.js";
import { toMessage } from "../../protocol/to-message.js";
import { serializationError } from "../../protocol/wrong-type.js";

/** A message that was sent, and may have to be sent again. */
export class KeptMessage {
  readonly bytes: Uint8Array;
  readonly signal: AbortSignal | undefined;
  /** Why the attempt at hand does not take it; what that means is known when the attempt ends. */
  refusal: ConnectError | undefined;
  readonly #waiting = new Waiting<void>();
  readonly #owner: Rejecting | undefined;
  #settled = false;

  constructor(
    bytes: Uint8Array,
    signal: AbortSignal | undefined,
    onAborted: () => void,
    owner: Rejecting | undefined,
  ) {
    this.bytes = bytes;
    this.signal = signal;
    this.#owner = owner;
    this.#waiting.release = signal && onAbort(signal, onAborted);
  }

  get promise(): Promise<void> {
    return this.#waiting.promise;
  }

  /** True if its `send` has resolved or rejected. */
  get settled(): boolean {
    return this.#settled;
  }

  settle(error?: ConnectError): void {
    if (this.#settled) return;
    this.#settled = true;
    if (error) this.#waiting.reject(error, this.#owner);
    else this.#waiting.resolve();
  }
}

/** The messages of a call that may be repeated, up to a number of bytes. */
export class ReplayBuffer {
  readonly #input: DescMessage;
  readonly #maxBytes: number;
  readonly #owner: Rejecting | undefined;
  #kept: KeptMessage[] = [];
  #bytes = 0;

  /** `owner` is told of errors before somebody gets them. */
  constructor(input: DescMessage, maxBytes: number, owner?: Rejecting) {
    this.#input = input;
    this.#maxBytes = maxBytes;
    this.#owner = owner;
  }

  get overflown(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** Keeps `message` as it is now. `mayTakeBack`: whether no attempt has it. Throws if it is no message. */
  keep(message: object, signal: AbortSignal | undefined, mayTakeBack: () => boolean): KeptMessage {
    const bytes = this.#serialize(message);
    const onAborted = () => {
      if (signal && mayTakeBack()) this.drop(kept, abortError(signal));
    };
    const kept = new KeptMessage(bytes, signal, onAborted, this.#owner);
    this.#kept.push(kept);
    this.#bytes += bytes.byteLength;
    return kept;
  }

  /** Takes a message back that no attempt has accepted. */
  drop(kept: KeptMessage, error: ConnectError): void {
    if (!kept.settled) this.forget(kept);
    kept.settle(error);
  }

  /** Does not send a message again. */
  forget(kept: KeptMessage): void {
    const index = this.#kept.indexOf(kept);
    if (index < 0) return;
    this.#kept.splice(index, 1);
    this.#bytes -= kept.bytes.byteLength;
  }

  /** Gives all messages again, in order. */
  replay(send: (kept: KeptMessage, message: object) => void): void {
    for (const kept of this.#kept) {
      kept.refusal = undefined;
      send(kept, fromBinary(this.#input, kept.bytes));
    }
  }

  /** Forgets the messages: there is no more attempt. With an error, none but maybe this. */
  release(error?: ConnectError): void {
    for (const kept of this.#kept) {
      const failed = error ?? kept.refusal;
      if (failed) kept.settle(failed);
    }
    this.#kept = [];
    this.#bytes = 0;
  }

  #serialize(message: object): Uint8Array {
    try {
      return toBinary(this.#input, toMessage(this.#input, message));
    } catch (thrown) {
      throw serializationError(this.#input, message, thrown);
    }
  }
}
