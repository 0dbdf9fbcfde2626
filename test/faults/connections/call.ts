// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { type StreamContext, type StreamOutcome, takeUntil } from "connect-stream";
import { gate } from "../../support/gate.js";
import type {
  ChatClientStream,
  ChatServerStream,
  LabServiceClient,
} from "../../support/gen/lab/v1/lab_stream.js";

/** The header that says which call a request is of. */
export const CALL_HEADER = "x-call";

/** The code that handlers fail with, which nothing else here has. */
export const HANDLER_CODE: Code = Code.FailedPrecondition;

/** What a handler sends that leaves because its server drains. Its client half-closes then. */
const GOODBYE = "goodbye";

/** What kind of call it is. */
export interface CallTraits {
  readonly isStream: boolean;
  readonly hasDeadline: boolean;
  /** Its handler reads until its server drains, and leaves then; if the server is ours. */
  readonly leaves: boolean;
}

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
  readonly traits: CallTraits;
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
  answered: Answer | "aborted" | "left" | undefined;
  /** How it has ended for a server of ours. */
  served: StreamOutcome | undefined;
  stream: ChatClientStream | undefined;
  /** How many messages of the client were accepted. */
  accepted = 0;
  /** What the handler has read of them, if it leaves; and how much of it before its goodbye. */
  readonly heard: string[] = [];
  heardBeforeGoodbye: number | undefined;
  /** Whether the server drains that its handler runs on, if that is ours. */
  serverDrains: (() => boolean) | undefined;
  /** The drain signal of its context did not say whether its server drains. */
  misled = false;
  #sent = 0;
  readonly #answer = gate<Answer>();

  constructor(id: number, traits: CallTraits, faultsBefore: number) {
    this.id = String(id);
    this.traits = traits;
    this.faultsBefore = faultsBefore;
  }

  get isRunning(): boolean {
    return this.runs > 0 && this.answered === undefined;
  }

  /** Its handler has heard that it is to leave, and needs no answer. */
  get isLeaving(): boolean {
    return this.traits.leaves && this.serverDrains?.() === true;
  }

  /** The handler: waits until it is to answer, or is told that nobody waits for it. */
  async run(signal: AbortSignal, stream?: ChatServerStream): Promise<string> {
    this.runs++;
    const aborted = once(signal).then(() => "aborted" as const);
    const ends: Promise<Answer | "aborted" | "left">[] = [this.#answer.promise, aborted];
    // What it reads fails when the call does, of which its signal tells.
    if (stream && this.traits.leaves) ends.push(this.#leave(stream).catch(() => aborted));
    const answer = await Promise.race(ends);
    this.answered = answer;
    if (answer === "throw") throw new ConnectError("the handler's own", HANDLER_CODE);
    if (answer === "aborted") throw ConnectError.from(signal.reason);
    return this.id;
  }

  /** Reads until the server drains. Says goodbye then, and reads what the client has still sent. */
  async #leave(stream: ChatServerStream): Promise<"left"> {
    const { drainSignal }: StreamContext = stream.context;
    for await (const { text } of takeUntil(stream, drainSignal)) this.heard.push(text);
    await once(drainSignal);
    if (this.answered) return "left";
    this.heardBeforeGoodbye = this.heard.length;
    await stream.send({ text: GOODBYE });
    for await (const { text } of stream) this.heard.push(text);
    return "left";
  }

  /** Sends a message of the client, which says which one it is. */
  send(): void {
    const accept = () => void this.accepted++;
    this.stream?.send({ text: String(this.#sent++) }).then(accept, () => undefined);
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
      ...(this.traits.hasDeadline && { timeoutMs: 7000 }),
    };
    const texts: string[] = [];
    const settle = (thrown?: unknown) => {
      const error = thrown === undefined ? undefined : ConnectError.from(thrown);
      this.settled = { code: error?.code, error, texts, faults: faults(), at: performance.now() };
    };
    if (this.traits.isStream) {
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
  for await (const { text } of stream) {
    if (text === GOODBYE) stream.closeSend().catch(() => undefined);
    else texts.push(text);
  }
}

function once(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
