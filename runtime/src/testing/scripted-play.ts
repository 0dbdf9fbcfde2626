// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { abortError, onAbort } from "../call/abort.js";
import { unknownStep } from "./run-step.js";
import { type Actor, Player, type Step } from "./script-runner.js";
import { waitFor } from "./timeout.js";

/** What a stream of any kind may have. */
interface AnyStream {
  readonly context: HandlerContext;
  sendHeaders(): void;
  recv?(): Promise<object | undefined>;
  send?(message: object): Promise<void>;
  sendAndClose?(message: object): Promise<void>;
}

/** One call of a scripted handler. */
export class ScriptedPlay implements Actor {
  readonly method: DescMethod;
  readonly incoming: DescMessage;
  readonly #steps: readonly Step[];
  /** The code under test may take its time. Whoever calls `done` waits no longer than that says. */
  readonly #player = new Player(this, { patienceMs: Number.POSITIVE_INFINITY });
  readonly #ended: Promise<void>;
  #settle!: (failure?: unknown) => void;
  #stream: AnyStream | undefined;
  /** The request of a server-streaming call, until it has been received. */
  #request: object | undefined;
  #throws: { readonly value: unknown } | undefined;

  constructor(method: DescMethod, steps: readonly Step[]) {
    this.method = method;
    this.incoming = method.input;
    this.#steps = steps;
    this.#ended = new Promise((resolve, reject) => {
      this.#settle = (failure) => (failure === undefined ? resolve() : reject(failure));
    });
    this.#ended.catch(() => undefined);
  }

  /** Plays the script as a handler that got `args`. */
  async run(args: readonly unknown[]): Promise<void> {
    this.#stream = args.at(-1) as AnyStream;
    if (this.method.methodKind === "server_streaming") this.#request = Object(args[0]);
    try {
      await this.#player.play(this.#steps);
    } catch (failure) {
      this.#settle(failure);
      // A client is told nothing of what is no `ConnectError`, and its test should tell.
      const { message } = ConnectError.from(failure);
      throw new ConnectError(message, Code.Internal, undefined, undefined, failure);
    }
    this.#settle();
    if (this.#throws) throw this.#throws.value;
  }

  /** Resolves or rejects as the script has ended. Rejects if it has not within so many milliseconds. */
  async ended(patienceMs: number): Promise<void> {
    const end = await waitFor(this.#ended, patienceMs);
    if (end === "late") {
      const { parent, name } = this.method;
      const place = this.#player.place || `a call of ${parent.typeName}.${name}`;
      throw new Error(`${place} has not happened after ${patienceMs} ms`);
    }
    if ("error" in end) throw end.error;
  }

  recv(ofMessage: boolean): Promise<object | undefined> {
    const request = this.#request;
    if (request && ofMessage) {
      this.#request = undefined;
      return Promise.resolve(request);
    }
    const stream = this.#opened();
    return stream.recv?.() ?? aborted(stream.context.signal);
  }

  act(step: Step): unknown {
    const stream = this.#opened();
    if (step === "sendHeaders") return stream.sendHeaders();
    if (typeof step === "object" && "send" in step) {
      const message = Object(step.send);
      return stream.send?.(message) ?? stream.sendAndClose?.(message);
    }
    if (typeof step === "object" && "throw" in step && step === this.#steps.at(-1)) {
      this.#throws = { value: step.throw };
      return;
    }
    throw unknownStep(step, ["recv", "fails", "end", "send", "sendHeaders", "throw as the last"]);
  }

  causeOf(failure: unknown): unknown {
    return failure;
  }

  #opened(): AnyStream {
    if (!this.#stream) throw new Error("the call has not started");
    return this.#stream;
  }
}

/** What a stream that cannot receive hears of its client: how the call ended, if it did. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const tell = () => reject(abortError(signal));
    if (signal.aborted) tell();
    else onAbort(signal, tell);
  });
}
