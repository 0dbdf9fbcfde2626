// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A call of any kind, as one thing to send to and to receive from. */
import { create, type DescMessage, type DescMethod, type Message } from "@bufbuild/protobuf";
import type { Transport } from "@connectrpc/connect";
import type {
  BidiStreamingClient,
  ClientStreamingClient,
  MessageStream,
  ServerStreamingClient,
  StreamCallOptions,
  StreamClientOptions,
  StreamOutcome,
} from "connect-stream";
import { createServiceClient } from "connect-stream/codegenv1";
import { CliError } from "../exit.js";

/** A call, of any kind. One that takes a single request begins when that is there. */
export interface OpenCall {
  /** Rejects with a `CliError` for a second request of a call that takes one. */
  send(message: Message): Promise<void>;
  /** Half-closes. A call that takes one request and had none sends an empty one. */
  closeSend(): Promise<void>;
  /** The next message; `undefined` at the end. */
  recv(): Promise<Message | undefined>;
  close(): void;
  /** How it ended. Never resolves for a call that has not begun. */
  readonly outcome: Promise<StreamOutcome>;
}

/** Makes a server stream of its request. */
type StartStream = (request: Message, options: StreamCallOptions) => MessageStream<Message>;

/** How calls are made. */
export interface CallSetup {
  readonly transport: Transport;
  readonly options: StreamCallOptions;
  /** Goes around the client's method of a server-streaming RPC. */
  readonly resume?: (start: StartStream) => StartStream;
}

/** Opens a call of `method`. */
export function openCall(method: DescMethod, { transport, options, resume }: CallSetup): OpenCall {
  const clientOf = <M>(settings: StreamClientOptions = {}) =>
    createServiceClient<Record<string, M>>(method.parent, transport, settings)[method.localName];
  switch (method.methodKind) {
    case "unary":
      return new SingleRequest(method.input, (request) => openUnary(clientOf, request, options));
    case "server_streaming": {
      const start = required(clientOf<StartStream>());
      const begin = resume ? resume(start) : start;
      return new SingleRequest(method.input, (request) => begin(request, options));
    }
    case "client_streaming": {
      const open = required(clientOf<(o: StreamCallOptions) => Upload>());
      return new UploadCall(open(options));
    }
    case "bidi_streaming":
      return required(clientOf<(o: StreamCallOptions) => Bidi>())(options);
  }
}

type Upload = ClientStreamingClient<DescMessage, DescMessage>;
type Bidi = BidiStreamingClient<DescMessage, DescMessage>;
type Received = Pick<ServerStreamingClient<DescMessage>, "recv" | "close" | "outcome">;
type Unary = (request: Message, options: StreamCallOptions) => Promise<Message>;

function required<M>(method: M | undefined): M {
  if (method === undefined) throw new Error("the client lacks a method of its service");
  return method;
}

/** A unary call as a stream of one message. */
function openUnary(
  clientOf: (settings: StreamClientOptions) => Unary | undefined,
  request: Message,
  options: StreamCallOptions,
): Received {
  const abort = new AbortController();
  const signals = [abort.signal, ...(options.signal ? [options.signal] : [])];
  const outcome = deferred<StreamOutcome>();
  const observer = { open: () => ({ onEnd: outcome.resolve }) };
  const unary = required(clientOf({ observer }));
  let response: Promise<Message> | undefined = unary(request, {
    ...options,
    signal: AbortSignal.any(signals),
  });
  response.catch(() => undefined);
  return {
    async recv() {
      const next = response;
      response = undefined;
      return next;
    },
    close: () => abort.abort(),
    outcome: outcome.promise,
  };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Begins with its request. */
class SingleRequest implements OpenCall {
  readonly outcome: Promise<StreamOutcome>;
  readonly #input: DescMessage;
  readonly #begin: (request: Message) => Received;
  readonly #begun = deferred<Received | undefined>();
  #started = false;
  #close: () => void;

  constructor(input: DescMessage, begin: (request: Message) => Received) {
    this.#input = input;
    this.#begin = begin;
    this.#close = () => this.#begun.resolve(undefined);
    this.outcome = this.#begun.promise.then(
      (call) => call?.outcome ?? new Promise<StreamOutcome>(() => undefined),
    );
  }

  async send(request: Message): Promise<void> {
    if (this.#started) throw new CliError("this RPC takes only one message");
    this.#started = true;
    const call = this.#begin(request);
    this.#close = () => call.close();
    this.#begun.resolve(call);
  }

  async closeSend(): Promise<void> {
    if (!this.#started) await this.send(create(this.#input));
  }

  async recv(): Promise<Message | undefined> {
    return (await this.#begun.promise)?.recv();
  }

  close(): void {
    this.#close();
  }
}

/** Receives its response when the last message is sent, or when the server has ended the call. */
class UploadCall implements OpenCall {
  readonly #stream: Upload;
  readonly #sent = deferred<void>();
  #received = false;

  constructor(stream: Upload) {
    this.#stream = stream;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.#stream.outcome;
  }

  send(message: Message): Promise<void> {
    return this.#stream.send(message);
  }

  async closeSend(): Promise<void> {
    this.#sent.resolve();
  }

  async recv(): Promise<Message | undefined> {
    if (this.#received) return undefined;
    this.#received = true;
    await Promise.race([this.#sent.promise, this.outcome]);
    return this.#stream.closeAndRecv();
  }

  close(): void {
    this.#sent.resolve();
    this.#stream.close();
  }
}
