// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import { gate } from "../../support/gate.js";
import type { ChatClientStream, LabServiceClient } from "../../support/gen/lab/v1/lab_stream.js";

/** The header that says which call a request is of. */
export const CALL_HEADER = "x-call";

/** The code that handlers fail with, which nothing else here has. */
export const HANDLER_CODE: Code = Code.FailedPrecondition;

/** How a call has ended for its caller. */
export interface Settled {
  /** `undefined`: success. */
  readonly code: Code | undefined;
  readonly error: ConnectError | undefined;
  /** The texts that came. */
  readonly texts: readonly string[];
  readonly faults: number;
  /** On the clock of the sequence. */
  readonly at: number;
}

/** What a handler is to do. */
export type Answer = "return" | "throw";

/** One call, and all that is known of it on both sides. */
export class Call {
  readonly id: string;
  readonly isStream: boolean;
  readonly hasDeadline: boolean;
  readonly abort: AbortController = new AbortController();
  /** Faults of the network before it began. */
  readonly faultsBefore: number;
  readonly startedAt: number = performance.now();
  settled: Settled | undefined;
  /** How often a handler has begun it. */
  runs = 0;
  /** How often a server has said that it has not processed it. */
  refusals = 0;
  /** What its handler did, once it has. */
  answered: Answer | "aborted" | undefined;
  /** How it has ended for a server of ours. */
  served: StreamOutcome | undefined;
  stream: ChatClientStream | undefined;
  readonly #answer = gate<Answer>();

  constructor(id: number, isStream: boolean, hasDeadline: boolean, faultsBefore: number) {
    this.id = String(id);
    this.isStream = isStream;
    this.hasDeadline = hasDeadline;
    this.faultsBefore = faultsBefore;
  }

  get isRunning(): boolean {
    return this.runs > 0 && this.answered === undefined;
  }

  /** The handler: waits until it is to answer, or is told that nobody waits for it. */
  async run(signal: AbortSignal): Promise<string> {
    this.runs++;
    const aborted = new Promise<"aborted">((resolve) => {
      if (signal.aborted) resolve("aborted");
      else signal.addEventListener("abort", () => resolve("aborted"), { once: true });
    });
    const answer = await Promise.race([this.#answer.promise, aborted]);
    this.answered = answer;
    if (answer === "throw") throw new ConnectError("the handler's own", HANDLER_CODE);
    if (answer === "aborted") throw ConnectError.from(signal.reason);
    return this.id;
  }

  /** Lets the handler answer. */
  answer(answer: Answer): void {
    this.#answer.resolve(answer);
  }

  /** Makes the call, and keeps how it ends. */
  begin(client: LabServiceClient, faults: () => number): void {
    const options = {
      signal: this.abort.signal,
      headers: { [CALL_HEADER]: this.id },
      ...(this.hasDeadline && { timeoutMs: 7000 }),
    };
    const texts: string[] = [];
    const settle = (thrown?: unknown) => {
      const error = thrown === undefined ? undefined : ConnectError.from(thrown);
      this.settled = { code: error?.code, error, texts, faults: faults(), at: performance.now() };
    };
    if (this.isStream) {
      const stream = client.chat(options);
      this.stream = stream;
      readAll(stream, texts).then(() => settle(), settle);
    } else {
      client
        .unary({ text: this.id }, options)
        .then(({ text }) => void texts.push(text))
        .then(() => settle(), settle);
    }
  }
}

async function readAll(stream: ChatClientStream, texts: string[]): Promise<void> {
  for await (const { text } of stream) texts.push(text);
}
