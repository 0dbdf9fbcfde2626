// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { type Any, anyPack } from "@bufbuild/protobuf/wkt";
import type { HandlerContext } from "@connectrpc/connect";
import type { ServerStream } from "connect-stream";
import {
  BidiStreamRequestSchema,
  ClientStreamRequestSchema,
  IdempotentUnaryRequestSchema,
  ServerStreamRequestSchema,
  type StreamResponseDefinition,
  UnaryRequestSchema,
  type UnaryResponseDefinition,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_pb.js";
import type { ConformanceServiceHandler } from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_stream.js";
import { toConnectError } from "./convert.js";
import { answer, errorWithInfo, type Payload, requestInfo, setMetadata } from "./echo.js";

/** The suite's service. `Unimplemented` is left out: that is what it tests. */
export const service: Partial<ConformanceServiceHandler> = {
  async unary(request, context) {
    const payload = answer(context, request.responseDefinition, [
      anyPack(UnaryRequestSchema, request),
    ]);
    await delay(context, request.responseDefinition);
    return { payload };
  },

  async idempotentUnary(request, context) {
    const payload = answer(context, request.responseDefinition, [
      anyPack(IdempotentUnaryRequestSchema, request),
    ]);
    await delay(context, request.responseDefinition);
    return { payload };
  },

  async clientStream(stream) {
    const requests: Any[] = [];
    let definition: UnaryResponseDefinition | undefined;
    for await (const request of stream) {
      if (requests.length === 0) definition = request.responseDefinition;
      requests.push(anyPack(ClientStreamRequestSchema, request));
    }
    const payload = answer(stream.context, definition, requests);
    await delay(stream.context, definition);
    await stream.sendAndClose({ payload });
  },

  async serverStream(request, stream) {
    const responses = new Responses(stream, request.responseDefinition, (payload) =>
      stream.send({ payload }),
    );
    await responses.sendRest([anyPack(ServerStreamRequestSchema, request)]);
  },

  async bidiStream(stream) {
    const first = await stream.recv();
    if (!first) return;
    const responses = new Responses(stream, first.responseDefinition, (payload) =>
      stream.send({ payload }),
    );
    let requests: Any[] = [];
    for (let request: typeof first | undefined = first; request; request = await stream.recv()) {
      requests.push(anyPack(BidiStreamRequestSchema, request));
      if (!first.fullDuplex) continue;
      if (!responses.left) break;
      await responses.send(requests, true);
      requests = [];
    }
    await responses.sendRest(requests);
  },
};

/** The responses of a stream, in the order that its first request asks for. */
class Responses {
  readonly #context: HandlerContext;
  readonly #definition: StreamResponseDefinition | undefined;
  readonly #send: (payload: Payload) => Promise<void>;
  #sent = 0;

  constructor(
    stream: ServerStream,
    definition: StreamResponseDefinition | undefined,
    send: (payload: Payload) => Promise<void>,
  ) {
    this.#context = stream.context;
    this.#definition = definition;
    this.#send = send;
    setMetadata(stream.context, definition);
    // Not before an error alone: that may be a response without a body.
    if (this.left) stream.sendHeaders();
  }

  get left(): boolean {
    return this.#sent < (this.#definition?.responseData.length ?? 0);
  }

  /** Sends the next. The first tells all that the handler saw; `echo`: a later one, the requests. */
  async send(requests: Any[], echo: boolean): Promise<void> {
    const data = this.#definition?.responseData[this.#sent];
    await delay(this.#context, this.#definition);
    const info = this.#sent === 0 ? requestInfo(this.#context, requests) : { requests };
    const told = this.#sent === 0 || echo;
    this.#sent++;
    await this.#send({ ...(data && { data }), ...(told && { requestInfo: info }) });
  }

  /** Sends what is left, then the error if one was asked for. */
  async sendRest(requests: Any[]): Promise<void> {
    while (this.left) await this.send(requests, false);
    const error = this.#definition?.error;
    if (!error) return;
    throw this.#sent === 0
      ? errorWithInfo(error, requestInfo(this.#context, requests))
      : toConnectError(error);
  }
}

/** Ends when the call is cancelled, as a handler should. */
async function delay(
  { signal }: HandlerContext,
  definition: { readonly responseDelayMs: number } | undefined,
): Promise<void> {
  if (definition?.responseDelayMs) await sleep(definition.responseDelayMs, undefined, { signal });
}
