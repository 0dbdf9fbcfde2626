// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { Compression } from "../protocol/connect-internals.js";
import type { Field, Fields } from "../protocol/fields.js";
import { findInvalidHeader } from "../protocol/header-value.js";
import type { BodyResponse, BodyServerProtocol } from "../protocol/protocol.js";
import type { ServerWire } from "../protocol/wire.js";
import { report, tooLarge, unsendable } from "./client-error.js";
import type { CallContext } from "./context.js";
import type { ServedRpc } from "./pipeline.js";

/** A response body, and whether it is compressed. */
export interface Body {
  readonly data: Uint8Array;
  readonly compression: Compression | undefined;
}

/** What a client is sent, and the error that it is told. */
export interface ToldResponse extends BodyResponse {
  readonly told: ConnectError | undefined;
}

const nothing = new Uint8Array(0);

/** The one response of a call whose response is one body. */
export class BodyAnswer {
  readonly #rpc: ServedRpc;
  readonly #protocol: BodyServerProtocol;
  readonly #context: CallContext;
  readonly #maxHeaderBytes: number;

  constructor(
    rpc: ServedRpc,
    protocol: BodyServerProtocol,
    context: CallContext,
    { maxHeaderBytes }: Pick<ServerWire, "maxHeaderBytes">,
  ) {
    this.#rpc = rpc;
    this.#protocol = protocol;
    this.#context = context;
    this.#maxHeaderBytes = maxHeaderBytes;
  }

  /** `body`, or `error`. An error that cannot be written down is `internal`. */
  of(body: Body | undefined, error: ConnectError | undefined): ToldResponse {
    try {
      const response = error ? this.#failure(error) : this.#success(body);
      const invalid = findInvalidHeader(response.header);
      if (invalid !== undefined) throw unsendable(`the response header "${invalid}"`);
      const excess = tooLarge("the response headers", response.header, this.#maxHeaderBytes);
      if (!excess) return { ...response, told: error };
      if (!error) throw excess;
      this.#report(excess);
      return { ...this.#bareFailure(withoutMetadata(error)), told: error };
    } catch (fault) {
      this.#report(fault);
      const told =
        fault instanceof ConnectError
          ? fault
          : new ConnectError("cannot encode the status", Code.Internal);
      return { ...this.#bareFailure(told), told };
    }
  }

  #success(body: Body | undefined): BodyResponse {
    const { data = nothing, compression } = body ?? {};
    const { header, trailer } = this.#context;
    const fields = this.#protocol.success(header, trailer);
    const encoding: Field[] = compression ? [[this.#protocol.encoding, compression.name]] : [];
    return { status: 200, header: [...fields, ...encoding], body: data };
  }

  #failure(error: ConnectError): BodyResponse {
    const { header, trailer } = this.#context;
    return this.#failureWith(error, header, trailer);
  }

  /** Without the handler's headers and trailers. */
  #bareFailure(error: ConnectError): BodyResponse {
    return this.#failureWith(error, this.#context.protocolHeader, undefined);
  }

  #failureWith(error: ConnectError, header: Fields, trailer: Headers | undefined): BodyResponse {
    return this.#protocol.failure(error, header, trailer, this.#rpc.options.jsonOptions);
  }

  #report(fault: unknown): void {
    report(fault, this.#context, this.#rpc.onError);
  }
}

/** An error whose metadata is more than the client takes. */
function withoutMetadata({ rawMessage, code, details }: ConnectError): ConnectError {
  const bare = new ConnectError(rawMessage, code);
  bare.details = details;
  return bare;
}
