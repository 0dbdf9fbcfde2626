// SPDX-License-Identifier: Apache-2.0
import type { JsonWriteOptions } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Compression } from "./connect-internals.js";
import type { Envelope } from "./envelope/envelope-reader.js";
import type { Fields, IncomingFields } from "./fields.js";

/** The protocols of Connect that carry streams. */
export type ProtocolName = "grpc" | "grpc-web" | "connect";

/** What both sides of a protocol share. */
export interface ProtocolHeaders {
  readonly name: ProtocolName;
  /** Flag of the envelope that ends a response, or 0 where HTTP trailers do. */
  readonly endFlag: number;
  readonly timeout: string;
  readonly encoding: string;
  readonly acceptEncoding: string;
}

/** A server's part of a protocol: what its requests look like, and how a response ends. */
export interface ServerProtocol extends ProtocolHeaders {
  /** Whether a request with this content type is a stream of this protocol, and in which codec. */
  parseContentType(contentType: string | null): { readonly binary: boolean } | undefined;
  contentType(binary: boolean): string;
  parseTimeout(
    value: string | null,
    maxTimeoutMs: number,
  ): { timeoutMs?: number; error?: ConnectError | undefined };
  /** Throws for a request without the protocol's version, if one is required. */
  requireVersion(header: Headers): void;
  /** How to end a response: an envelope, HTTP trailers, or both. */
  end(
    trailer: Headers | undefined,
    error: ConnectError | undefined,
    jsonOptions: Partial<JsonWriteOptions> | undefined,
  ): { envelope?: Envelope; trailer?: Fields };
}

/** What a client asked for. */
export interface ClientFormat {
  readonly binary: boolean;
  readonly acceptCompression: Compression[];
  readonly sendCompression: Compression | null;
}

/** What a response head says. */
export interface ResponseHead {
  readonly compression: Compression | null;
  /** The head carries the status, and no trailer follows. */
  readonly hasStatus: boolean;
}

/** All that a client knows at the end of a response. */
export interface ResponseEnd {
  readonly header: IncomingFields;
  readonly head: ResponseHead;
  /** HTTP trailers, if any came. */
  readonly trailer: IncomingFields | undefined;
  /** Data of the envelope that ended the stream, if one came. */
  readonly envelope: Uint8Array | undefined;
}

/** A client's part of a protocol: what its requests look like, and what a response says. */
export interface ClientProtocol extends ProtocolHeaders {
  /** The headers of a request, but for its time limit. */
  requestHeader(header: HeadersInit | undefined, format: ClientFormat): Headers;
  /** A time limit, as the value of the header `timeout`. */
  formatTimeout(timeoutMs: number): string;
  /** Throws a `ConnectError` for a response that is none of this protocol, or an error. */
  validateHead(status: number, header: IncomingFields, format: ClientFormat): ResponseHead;
  /** The trailers of a call that succeeded. Throws the `ConnectError` of one that failed. */
  validateEnd(end: ResponseEnd): IncomingFields;
}
