// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethod,
  DescMethodBiDiStreaming,
  DescMethodClientStreaming,
  DescMethodServerStreaming,
  MessageInitShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type {
  BidiStreamingServer,
  ClientStreamingServer,
  ServerStreamingServer,
} from "../api/server-stream.js";
import { ScriptedPlay } from "./scripted-play.js";
import type { AnyStep, PlayOptions } from "./steps.js";
import { PATIENCE_MS } from "./timeout.js";

/**
 * A step of a scripted handler. The request of a server-streaming RPC is the first message it
 * receives.
 */
export type ScriptStep<I extends DescMessage, O extends DescMessage> =
  | AnyStep<I>
  /** Sends a message, and waits until it is accepted. Also for the one response of an upload. */
  | { readonly send: MessageInitShape<O> }
  /** Throws, as a handler does. The last step. */
  | { readonly throw: unknown }
  /** Sends the response headers. */
  | "sendHeaders";

/** The same, of an RPC whose client sends a stream. */
export type StreamScriptStep<I extends DescMessage, O extends DescMessage> =
  | ScriptStep<I, O>
  /** Receives the end of the client's stream: it has half-closed. */
  | "end";

/** A handler that follows a script, for `registerXService`. */
export interface ScriptedHandler<S> {
  (...args: readonly [...unknown[], S]): Promise<void>;

  /**
   * Resolves when all scripts have been played to the end. Rejects with the `ScriptError` of the
   * first that failed, or with an `Error` if one has not ended in time.
   */
  done(options?: PlayOptions): Promise<void>;
}

/**
 * A handler from a script, to test code that uses a client. Each call plays one of `scripts`, in
 * their order, and the handler returns at its end; calls beyond the last fail. A call that deviates
 * from its script ends with `internal` and the script's message.
 */
export function scripted<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  ...scripts: readonly (readonly ScriptStep<I, O>[])[]
): ScriptedHandler<ServerStreamingServer<O>>;
export function scripted<I extends DescMessage, O extends DescMessage>(
  method: DescMethodClientStreaming<I, O>,
  ...scripts: readonly (readonly StreamScriptStep<I, O>[])[]
): ScriptedHandler<ClientStreamingServer<I, O>>;
export function scripted<I extends DescMessage, O extends DescMessage>(
  method: DescMethodBiDiStreaming<I, O>,
  ...scripts: readonly (readonly StreamScriptStep<I, O>[])[]
): ScriptedHandler<BidiStreamingServer<I, O>>;
export function scripted(
  method: DescMethod,
  ...scripts: readonly (readonly StreamScriptStep<DescMessage, DescMessage>[])[]
): ScriptedHandler<never> {
  const plays = scripts.map((steps) => new ScriptedPlay(method, steps));
  let calls = 0;
  const handler = async (...args: readonly unknown[]): Promise<void> => {
    const play = plays[calls++];
    if (!play) throw tooMany(method, plays.length);
    await play.run(args);
  };
  const done = async ({ patienceMs = PATIENCE_MS }: PlayOptions = {}) => {
    for (const play of plays) await play.ended(patienceMs);
  };
  return Object.assign(handler, { done });
}

function tooMany({ parent, name }: DescMethod, scripts: number): ConnectError {
  const message = `${parent.typeName}.${name} has ${scripts} scripts, but was called once more`;
  return new ConnectError(message, Code.Internal);
}
