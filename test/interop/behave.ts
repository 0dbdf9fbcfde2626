// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { type Gate, gate } from "../support/gate.js";
import {
  type AwaitRequest,
  type AwaitResponse,
  AwaitResponseSchema,
  type EchoStatus,
  Event,
  type TestRequest,
  type TestResponse,
  TestResponseSchema,
} from "./gen/interop/v1/interop_pb.js";
import { entries } from "./metadata.js";
import type { Metadata } from "./peer.js";

/** What a server of any library gives the behaviour of the test service. */
export interface ServerCall {
  readonly header: Metadata;
  readonly requests: AsyncIterable<TestRequest>;
  /** Aborts when the call is cancelled. */
  readonly signal: AbortSignal;
  /** The RPC has one response. */
  readonly summary: boolean;
  setHeader(name: string, value: string): void;
  setTrailer(name: string, value: string): void;
  /** Sends the headers now, where the library can. */
  sendHeader?(): void;
  /** The library's error with that status. */
  error(status: EchoStatus): Error;
  /** The status code of what the library throws. */
  codeOf(error: unknown): number;
}

/** What servers of this process saw of their calls. */
class Observer {
  readonly #seen = new Map<string, Gate<number>>();

  tell(call: string, event: Event, code = 0): void {
    this.#entry(call, event).resolve(code);
  }

  saw(call: string, event: Event): Promise<number> {
    return this.#entry(call, event).promise;
  }

  #entry(call: string, event: Event): Gate<number> {
    const key = `${event} ${call}`;
    const entry = this.#seen.get(key) ?? gate<number>();
    this.#seen.set(key, entry);
    return entry;
  }
}

const observer = new Observer();

/** ObserverService.Await. */
export async function awaitEvent({ callId, event }: AwaitRequest): Promise<AwaitResponse> {
  return create(AwaitResponseSchema, { code: await observer.saw(callId, event) });
}

/** TestService.EmptyCall. */
export async function emptyCall(): Promise<TestResponse> {
  return create(TestResponseSchema);
}

const echoes = {
  "x-grpc-test-echo-initial": "setHeader",
  "x-grpc-test-echo-initial-bin": "setHeader",
  "x-grpc-test-echo-trailing": "setTrailer",
  "x-grpc-test-echo-trailing-bin": "setTrailer",
} as const;

/** The handler of all RPCs that have behaviour: what it yields is sent. */
export async function* behave(call: ServerCall): AsyncGenerator<TestResponse, void> {
  const [id = ""] = call.header["x-call-id"] ?? [];
  observer.tell(id, Event.BEGUN);
  // Left before its end: whoever took the responses has gone.
  let code = 1;
  try {
    for (const [name, value] of entries(call.header)) {
      if (Object.hasOwn(echoes, name)) call[echoes[name as keyof typeof echoes]](name, value);
    }
    call.sendHeader?.();
    yield* answers(call, id);
    code = 0;
  } catch (error) {
    code = call.codeOf(error);
    throw error;
  } finally {
    observer.tell(id, Event.ENDED, code);
  }
}

async function* answers(call: ServerCall, id: string): AsyncGenerator<TestResponse, void> {
  let sent = 0;
  let requests = 0;
  let receivedBytes = 0;
  let last: TestRequest | undefined;
  for await (const request of call.requests) {
    last = request;
    requests++;
    receivedBytes += request.payload.length;
    observer.tell(id, Event.RECEIVED);
    if (!call.summary) {
      for (const response of responsesTo(request)) {
        yield create(TestResponseSchema, { ...response, number: sent++ });
      }
    }
    if (request.status && request.status.code !== 0) throw call.error(request.status);
    if (request.hang) await cancelled(call.signal);
    if (request.finish) break;
  }
  if (!last?.finish) observer.tell(id, Event.HALF_CLOSED);
  if (last?.hangAtEnd) await cancelled(call.signal);
  if (!call.summary) return;
  const [response] = last ? responsesTo(last) : [];
  yield create(TestResponseSchema, { ...response, number: requests, receivedBytes });
}

function responsesTo({ text, payload, responseSizes, echo }: TestRequest) {
  const responses = responseSizes.map((size) => ({ text, payload: new Uint8Array(size) }));
  return echo ? [...responses, { text, payload }] : responses;
}

/** Rejects when the call is cancelled. */
function cancelled(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason));
  });
}

/** For unary RPCs. */
export async function* once<T>(item: T): AsyncIterable<T> {
  yield item;
}

/** The one response of a summary, when the handler is done. */
export async function only<T>(responses: AsyncIterable<T>): Promise<T> {
  let response: T | undefined;
  for await (const one of responses) response = one;
  if (!response) throw new Error("no response");
  return response;
}

/** Requests of a library that ends them when their call is cancelled, as at its half-close. */
export async function* untilAborted<T>(
  requests: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncIterable<T> {
  yield* requests;
  signal.throwIfAborted();
}
