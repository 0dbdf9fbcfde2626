// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming, DescMethodUnary, Message } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import type { StreamOutcome } from "../api/outcome.js";
import type { Clock } from "../call/clock.js";
import { iterateMessages } from "../call/iterate.js";
import type { ClientCall } from "../client/client-call.js";
import { asyncDispose } from "../client/streams.js";
import { HeaderMessage } from "../metadata/header-message.js";
import { assertInteger } from "../options/settings.js";
import type { HandlerMethod } from "../server/run-handler.js";
import { HandlerResult } from "./handler-result.js";
import { messageOf } from "./message-of.js";
import { type MemoryPair, openInMemory } from "./open-in-memory.js";
import { act } from "./run-step.js";
import { Player, type Step } from "./script-runner.js";
import { SendWindow } from "./send-window.js";
import { asStream, serveOne } from "./serve-one.js";
import { show } from "./show.js";
import type { PlayOptions } from "./steps.js";
import type { TestCallOptions, TestMetadata } from "./types.js";
import { atRest, VirtualTime } from "./virtual-time.js";

/** Behind `TestCall`, for all kinds of RPC; the public types say what each kind has. */
export class MemoryCall {
  readonly #method: DescMethodUnary | DescMethodStreaming;
  readonly #time = new VirtualTime();
  /** Time that `expire` has taken from the call. */
  #skipped = 0;
  /** The call's time, for the server. */
  readonly #clock: Clock = {
    now: () => this.#time.now + this.#skipped,
    startTimer: (ms, expire) => this.#time.after(ms, expire),
  };
  readonly #credit: SendWindow;
  readonly #result = new HandlerResult();
  readonly #pair: MemoryPair;
  readonly #deadline: number | undefined;

  constructor(
    method: DescMethodUnary | DescMethodStreaming,
    handler: HandlerMethod,
    options: TestCallOptions & Partial<TestMetadata<Message>>,
  ) {
    const { window, timeoutMs, contextValues } = checked(options);
    const headers = new Headers(options.headers);
    const { metadata } = options;
    const metadataDesc = metadata && messageOf(method.parent.file, metadata.$typeName);
    if (metadata && metadataDesc) new HeaderMessage(metadataDesc).addTo(headers, metadata);
    this.#method = method;
    this.#deadline = timeoutMs;
    if (timeoutMs !== undefined) this.#time.after(timeoutMs, () => this.expire());
    this.#credit = new SendWindow(window, () => this.#pair.exchange.drained());
    const rpc = serveOne(method, this.#result.of(handler), options.service, metadataDesc);
    const layers = { ...rpc.layers, run: this.#result.ofRun(rpc.layers.run) };
    this.#pair = openInMemory(
      asStream(method),
      { ...rpc, layers, clock: this.#clock },
      { headers, contextValues, timeoutMs, maySend: (written) => this.#credit.allows(written) },
    );
  }

  get header(): Promise<Headers> {
    return this.#client.header;
  }

  get trailer(): Promise<Headers> {
    return this.#client.trailer;
  }

  get outcome(): Promise<StreamOutcome> {
    return this.#client.outcome;
  }

  get result(): Promise<void> {
    return this.#result.promise;
  }

  recv(options?: RecvOptions): Promise<object | undefined> {
    this.#credit.grant();
    const message = this.#client.recv(options);
    message.catch(() => this.#takeBack());
    return this.#answersOnce ? this.#toTheEnd(message) : message;
  }

  send(message: object, options?: SendOptions): Promise<void> {
    return this.#client.send(message, options);
  }

  closeSend(): Promise<void> {
    return this.#client.closeSend();
  }

  /** Ends the call with an error of the client's own. */
  fail(error: ConnectError): void {
    this.#client.fail(error);
  }

  cancel(): void {
    this.#client.close();
  }

  disconnect(): void {
    this.#pair.exchange.cut();
  }

  drain(): void {
    this.#pair.drain();
  }

  expire(): void {
    const expired = new ConnectError("the operation timed out", Code.DeadlineExceeded);
    const { now } = this.#time;
    if (this.#deadline !== undefined) this.#skipped = Math.max(this.#deadline - now, 0);
    this.#pair.exchange.breakOffReason = expired;
    this.#client.fail(expired, "deadline");
  }

  advance(ms: number): Promise<void> {
    return this.#time.advance(assertInteger("ms", ms, 0, Number.MAX_SAFE_INTEGER));
  }

  idle(): Promise<void> {
    return atRest();
  }

  pause(): void {
    this.#credit.pause();
    this.#pair.server.hold();
  }

  resume(): void {
    this.#credit.resume();
  }

  /** Throws if there is something to receive once the handler has come to rest. */
  async quiet(): Promise<void> {
    await atRest();
    const nothing = new ConnectError("nothing came", Code.Canceled);
    const giveUp = new AbortController();
    let arrived: string;
    try {
      const next = this.#client.recv({ signal: giveUp.signal });
      giveUp.abort(nothing);
      const message = await next;
      arrived = message ? show(message) : "the end of the stream";
    } catch (failure) {
      if (failure === nothing) return;
      arrived = `the error ${ConnectError.from(failure).message}`;
    }
    throw new Error(`expected nothing, got ${arrived}`);
  }

  play(steps: readonly Step[], options?: PlayOptions): Promise<void> {
    const method = this.#method;
    const actor = {
      method,
      incoming: method.output,
      recv: () => this.recv(),
      act: (step: Step) => act(this, step),
      causeOf: (failure: unknown) => this.#result.thrown ?? failure,
    };
    return new Player(actor, options).play(steps);
  }

  [Symbol.asyncIterator](): AsyncIterator<object> {
    return iterateMessages(this, () => this.cancel());
  }

  /** A `recv` has given up: it asks for no message any more. */
  #takeBack(): void {
    const { exchange, server } = this.#pair;
    this.#credit.revoke();
    if (!exchange.writable) server.hold();
  }

  get #answersOnce(): boolean {
    return asStream(this.#method).methodKind === "client_streaming";
  }

  /** To the end, and not only to the message: the call may yet fail. As `closeAndRecv` does it. */
  #toTheEnd(message: Promise<object | undefined>): Promise<object | undefined> {
    const response = message.then(async (answer) => {
      if (answer) await this.#client.recv();
      return answer;
    });
    // A recv that nobody awaits must not take the process down.
    response.catch(() => undefined);
    return response;
  }

  get #client(): ClientCall {
    return this.#pair.client;
  }
}

Object.defineProperty(MemoryCall.prototype, asyncDispose, {
  async value(this: MemoryCall) {
    this.cancel();
  },
});

function checked(options: TestCallOptions) {
  const { window = Number.POSITIVE_INFINITY, timeoutMs } = options;
  if (window !== Number.POSITIVE_INFINITY)
    assertInteger("window", window, 0, Number.MAX_SAFE_INTEGER);
  if (timeoutMs !== undefined) assertInteger("timeoutMs", timeoutMs, 1, Number.MAX_SAFE_INTEGER);
  return { ...options, window };
}
