// SPDX-License-Identifier: Apache-2.0
import { type BidiStreamingClient, Code, ConnectError } from "connect-stream";
import { createServiceClient } from "connect-stream/codegenv1";
import { ServerReflection, ServerReflectionV1Alpha } from "connect-stream/reflection";
import type { Connection } from "../connection.js";
import { CliError } from "../exit.js";
import { StatusError, statusLine } from "../status.js";

type V1 = typeof ServerReflection.method.serverReflectionInfo;

/** Messages of v1alpha have other names, and the same fields. */
type Stream = BidiStreamingClient<V1["input"], V1["output"]>;
type Response = NonNullable<Awaited<ReturnType<Stream["recv"]>>>;

interface Client {
  serverReflectionInfo(options: { headers: Headers; signal: AbortSignal }): Stream;
}

/** What to ask. */
type Question = { case: "listServices" | "fileContainingSymbol" | "fileByFilename"; value: string };

/** What is told. */
export type Answer = Response["messageResponse"];

/** A server that says nothing to this has a fault. */
const ANSWER_TIMEOUT_MS = 10_000;

/** One stream of questions and answers, of the version that the server has. */
export class ReflectionStream {
  readonly #connection: Connection;
  readonly #signal: AbortSignal;
  /** The versions to try, the newer first. */
  readonly #versions = [ServerReflection, ServerReflectionV1Alpha];
  #stream: Stream | undefined;

  constructor(connection: Connection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
  }

  /** Asks, and waits for the answer. What the server does not have is an `errorResponse`. */
  async ask(question: Question): Promise<Answer> {
    try {
      const stream = this.#stream ?? this.#open();
      // What it fails with, `recv` says as well.
      stream.send({ messageRequest: question }).catch(() => undefined);
      const response = await stream.recv({ timeoutMs: ANSWER_TIMEOUT_MS });
      if (!response) throw new ConnectError("the server ended the stream", Code.Unimplemented);
      return response.messageResponse;
    } catch (error) {
      this.close();
      const { code } = ConnectError.from(error);
      if (code !== Code.Unimplemented) throw describe(ConnectError.from(error));
      this.#versions.shift();
      if (this.#versions.length > 0) return this.ask(question);
      const { url } = this.#connection;
      throw new CliError(`${url} has no reflection; pass --schema with a file or a folder`);
    }
  }

  close(): void {
    this.#stream?.close();
    this.#stream = undefined;
  }

  #open(): Stream {
    const { reflection, headers } = this.#connection;
    const [version = ServerReflection] = this.#versions;
    const client = createServiceClient<Client>(version, reflection);
    this.#stream = client.serverReflectionInfo({ headers, signal: this.#signal });
    return this.#stream;
  }
}

function describe(error: ConnectError): CliError {
  if (error.code === Code.Unavailable) return new StatusError(error);
  return new StatusError(error, `reflection failed: ${statusLine(error)}; use --schema instead`);
}
