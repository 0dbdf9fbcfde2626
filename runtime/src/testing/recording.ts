// SPDX-License-Identifier: Apache-2.0
import {
  create,
  createRegistry,
  type DescMessage,
  type DescMethod,
  type DescMethodBiDiStreaming,
  type DescMethodClientStreaming,
  type DescMethodServerStreaming,
  type DescMethodUnary,
  fromJson,
  type JsonValue,
  type Message,
  type MessageShape,
  type Registry,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type PlacedStep, readRecording } from "./recorded-steps.js";
import type { ScriptStep, StreamScriptStep } from "./scripted.js";
import type { ReceiverStep, SenderStep } from "./steps.js";

/** Options of `parseRecording`. */
export interface RecordingOptions {
  /** The types of messages in an `Any`. Default: those of the service's file. */
  registry?: Registry;
}

/** A recorded call of a unary RPC. */
export interface UnaryRecording<I extends DescMessage, O extends DescMessage> {
  /** What the client sent, for `testCall`. */
  readonly request: MessageShape<I>;
  /** What the client saw, for `play` of a test call: the handler is to answer as the server did. */
  readonly client: readonly ReceiverStep<O>[];
}

/** A recorded call of a server-streaming RPC. */
export interface ServerStreamingRecording<I extends DescMessage, O extends DescMessage>
  extends UnaryRecording<I, O> {
  /** What the server saw and did, for `scripted`: code that uses a client is to call as it was called. */
  readonly server: readonly ScriptStep<I, O>[];
}

/** A recorded call of an RPC whose client sends a stream. */
export interface StreamRecording<I extends DescMessage, O extends DescMessage> {
  /** What the client did and saw, for `play` of a test call: the handler is to answer as the server did. */
  readonly client: readonly (ReceiverStep<O> | SenderStep<I>)[];
  /** What the server saw and did, for `scripted`: code that uses a client is to call as it was called. */
  readonly server: readonly StreamScriptStep<I, O>[];
}

/**
 * Reads what `connect-stream call --record` has written. `text` is the content of the file. Messages
 * are whole: they are compared in all fields. Throws an `Error` that names the line for what is no
 * step of a recording, or no message of the RPC.
 */
export function parseRecording<I extends DescMessage, O extends DescMessage>(
  method: DescMethodUnary<I, O>,
  text: string,
  options?: RecordingOptions,
): UnaryRecording<I, O>;
export function parseRecording<I extends DescMessage, O extends DescMessage>(
  method: DescMethodServerStreaming<I, O>,
  text: string,
  options?: RecordingOptions,
): ServerStreamingRecording<I, O>;
export function parseRecording<I extends DescMessage, O extends DescMessage>(
  method: DescMethodClientStreaming<I, O> | DescMethodBiDiStreaming<I, O>,
  text: string,
  options?: RecordingOptions,
): StreamRecording<I, O>;
export function parseRecording(
  method: DescMethod,
  text: string,
  { registry = createRegistry(method.parent.file) }: RecordingOptions = {},
):
  | UnaryRecording<DescMessage, DescMessage>
  | ServerStreamingRecording<DescMessage, DescMessage>
  | StreamRecording<DescMessage, DescMessage> {
  const takesStream = ["client_streaming", "bidi_streaming"].includes(method.methodKind);
  const moves = readRecording(text).map((placed) => toMove(method, placed, registry));
  const [first] = moves.flatMap((move) => (move.kind === "send" ? [move.message] : []));
  const request = first ?? create(method.input);
  return {
    request,
    client: moves.flatMap((move) => clientSteps(move, takesStream)),
    // The request of a single one is there, whether or not the recording has it.
    server: [
      ...(takesStream ? [] : [{ recv: request }]),
      ...moves.flatMap((move) => serverSteps(move, takesStream)),
    ],
  };
}

/** A step, with its message. */
type Move =
  | { readonly kind: "send" | "recv"; readonly message: Message }
  | { readonly kind: "fails"; readonly code: Code }
  | { readonly kind: "closeSend" | "end" | "cancel" };

function toMove(method: DescMethod, { step, where }: PlacedStep, registry: Registry): Move {
  if (typeof step === "string") return { kind: step };
  if ("fails" in step) return { kind: "fails", code: step.fails };
  const [kind, desc, json] =
    "send" in step
      ? (["send", method.input, step.send] as const)
      : (["recv", method.output, step.recv] as const);
  return { kind, message: toMessage(desc, json, { where, registry }) };
}

function toMessage(
  desc: DescMessage,
  json: JsonValue,
  { where, registry }: { where: string; registry: Registry },
): Message {
  try {
    return fromJson(desc, json, { registry });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${where}: ${reason}`, { cause });
  }
}

type ClientStep = ReceiverStep<DescMessage> | SenderStep<DescMessage>;

/** `takesStream`: otherwise the request is an argument of the call. */
function clientSteps(move: Move, takesStream: boolean): ClientStep[] {
  switch (move.kind) {
    case "send":
      return takesStream ? [{ send: move.message }] : [];
    case "closeSend":
      return takesStream ? ["closeSend"] : [];
    case "recv":
      return [{ recv: move.message }];
    case "fails":
      return [{ fails: move.code }];
    default:
      return [move.kind];
  }
}

function serverSteps(
  move: Move,
  takesStream: boolean,
): StreamScriptStep<DescMessage, DescMessage>[] {
  switch (move.kind) {
    case "send":
      return takesStream ? [{ recv: move.message }] : [];
    case "closeSend":
      return takesStream ? ["end"] : [];
    case "recv":
      return [{ send: move.message }];
    case "fails":
      return [{ throw: new ConnectError("as recorded", move.code) }];
    case "cancel":
      return [{ fails: Code.Canceled }];
    default:
      return []; // the handler returns
  }
}
