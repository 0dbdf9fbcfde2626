// SPDX-License-Identifier: Apache-2.0
import type { Note } from "../gen/lab/v1/lab_pb.js";
import type { NoteInit } from "../note.js";
import type { Wire } from "../wires.js";

export interface TestCallOptions {
  headers?: Record<string, string>;
  timeoutMs?: number;
}

/** A call of any client library, with the few things that all of them can do. */
export interface TestCall {
  send(message: NoteInit): Promise<void>;
  closeSend(): void;
  /**
   * The next message; `undefined` at the end. Rejects with a `ConnectError`. Where a client library
   * only has one response to give, it half-closes first.
   */
  recv(): Promise<Note | undefined>;
  cancel(): void;
  readonly header: Promise<Headers>;
  readonly trailer: Promise<Headers>;
}

/** A client library's client of `LabService`. */
export interface TestClient {
  unary(request: NoteInit, options?: TestCallOptions): Promise<Note>;
  download(request: NoteInit, options?: TestCallOptions): TestCall;
  upload(options?: TestCallOptions): TestCall;
  chat(options?: TestCallOptions): TestCall;
  close(): void;
}

/** A client library, on a transport. */
export interface ClientKind {
  readonly name: string;
  /** Whether the client of this repository makes the calls, on whatever transport. */
  readonly generated: boolean;
  /** Whether nothing of this repository is on the client's side. */
  readonly foreign: boolean;
  create(url: string, wire: Wire): TestClient;
}

/** All messages to the end of the stream. */
export async function all(call: Pick<TestCall, "recv">): Promise<Note[]> {
  const messages: Note[] = [];
  for (let message = await call.recv(); message; message = await call.recv()) {
    messages.push(message);
  }
  return messages;
}
