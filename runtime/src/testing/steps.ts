// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import type { Code, ConnectError } from "@connectrpc/connect";

/**
 * An expected message.
 * - An object with some fields: these are compared, also in nested messages, and other fields may
 *   have any value. `undefined` stands for a field that is not set.
 * - A whole message, made with `create`: all fields are compared.
 * - A function: it gets the message, and throws or returns `false` to reject it.
 */
export type Expected<M extends DescMessage> =
  | MessageInitShape<M>
  | ((message: MessageShape<M>) => unknown);

/** An expected failure: its code, or a function that throws or returns `false` to reject it. */
export type ExpectedError = Code | ((error: ConnectError) => unknown);

/** Steps of either side. */
export type AnyStep<In extends DescMessage> =
  /** Receives a message. */
  | { readonly recv: Expected<In> }
  /** Receives a failure. */
  | { readonly fails: ExpectedError }
  /** Calls the function, and waits for its promise if it returns one. */
  | (() => unknown);

/** A step of `TestCall.play`. */
export type ReceiverStep<O extends DescMessage> =
  | AnyStep<O>
  /** Receives the end of the stream. */
  | "end"
  /** Lets the handler come to rest, then expects nothing to receive, not even the end. */
  | "quiet"
  /** The method of that name. */
  | "cancel"
  | "disconnect"
  | "expire"
  | "pause"
  | "resume"
  /** Moves the call's time, in milliseconds. */
  | { readonly advance: number };

/** A step of `TestCall.play`, of calls that send. */
export type SenderStep<I extends DescMessage> =
  /** Sends a message, and waits until it is accepted. */
  | { readonly send: MessageInitShape<I> }
  /** Half-closes. */
  | "closeSend";

/** Options of `play`, and of a scripted handler's `done`. */
export interface PlayOptions {
  /**
   * How long to wait, in milliseconds of real time: for each step of `play`, or for each script of
   * `done`. Default: 4000, less than the time limit of most test runners, so that you see the
   * script's message and not theirs.
   */
  patienceMs?: number;
}

/** A failed step of a script. Test runners show the difference of `expected` and `actual`. */
export class ScriptError extends Error {
  override readonly name = "ScriptError";
  /** The step that failed, counted from 1. */
  readonly step: number;
  readonly expected: string;
  readonly actual: string;

  constructor(message: string, step: number, expected: string, actual: string, cause: unknown) {
    super(message, { cause });
    this.step = step;
    this.expected = expected;
    this.actual = actual;
  }
}
