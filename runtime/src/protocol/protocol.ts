// SPDX-License-Identifier: Apache-2.0
import type { JsonWriteOptions } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import type { Compression } from "./connect-internals.js";
import type { Envelope } from "./envelope/envelope-reader.js";
import type { Fields, IncomingFields } from "./fields.js";

/** The protocols of Connect. */
export type ProtocolName = "grpc" | "grpc-web" | "connect";

/** What both sides of a protocol share. Names of headers are in lower case. */
export interface ProtocolHeaders {
  readonly name: ProtocolName;
  readonly timeout: string;
  readonly encoding: string;
  readonly acceptEncoding: string;
}

/** The same, of a protocol that puts messages in envelopes. */
export interface EnvelopeHeaders extends ProtocolHeaders {
  /** Flag of the envelope that ends a response, or 0 where HTTP trailers do. */
  readonly endFlag: number;
}

/** A server's part of a protocol: what its requests look like. */
export interface ServerProtocol extends ProtocolHeaders {
  /** Whether a request with this content type is of this protocol, and in which codec. */
  parseContentType(contentType: string | null): { readonly binary: boolean } | undefined;
  contentType(binary: boolean): string;
  parseTimeout(
    value: string | null,
    maxTimeoutMs: number,
  ): { timeoutMs?: number; error?: ConnectError | undefined };
  /** Throws for a request without the protocol's version, if one is required. */
  requireVersion(head: RequestVersion): void;
}

/** Where a request says its protocol's version. */
export interface RequestVersion {
  readonly method: string;
  readonly url: string;
  get(name: string): string | undefined;
}

/** A protocol that puts messages in envelopes, and how its responses end. */
export interface EnvelopeServerProtocol extends ServerProtocol, EnvelopeHeaders {
  readonly framing: "envelope";
  /** How bodies are written, where they are not the bytes of envelopes. */
  readonly bodyCoding?: BodyCoding;
  /** How to end a response: an envelope, HTTP trailers, or both. */
  end(
    trailer: Headers | undefined,
    error: ConnectError | undefined,
    jsonOptions: Partial<JsonWriteOptions> | undefined,
  ): { envelope?: Envelope; trailer?: Fields };
}

/** How the bytes of envelopes are written in a body. */
export interface BodyCoding {
  /** Writes `pieces`, of `length` bytes together. A reader can read them without what follows. */
  encode(pieces: readonly Uint8Array[], length: number): Uint8Array;
  createDecoder(): BodyDecoding;
}

/** Reads one body. Throws a `ConnectError` for what is not in the coding. */
export interface BodyDecoding {
  push(chunk: Uint8Array): Uint8Array;
  end(): void;
}

/** An answer of one body. */
export interface BodyResponse {
  readonly status: number;
  readonly header: Fields;
  readonly body: Uint8Array;
}

/** A protocol whose requests and responses are one message each, which is the body. */
export interface BodyServerProtocol extends ServerProtocol {
  readonly framing: "body";
  /** The message of a GET request, as its URL has it, and how it is written. `undefined`: of no codec. */
  parseQuery(url: string): QueryRequest | undefined;
  /** Headers of a response that succeeded. */
  success(header: Fields, trailer: Headers | undefined): Fields;
  /** The response that says an error. */
  failure(
    error: ConnectError,
    header: Fields,
    trailer: Headers | undefined,
    jsonOptions: Partial<JsonWriteOptions> | undefined,
  ): BodyResponse;
}

/** A request in a URL. */
export interface QueryRequest {
  readonly binary: boolean;
  readonly compression: string | null;
  /** Throws a `ConnectError` for what is no message. */
  readonly message: () => Uint8Array;
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
  /** The head has a status, which counts if nothing follows it. */
  readonly hasStatus: boolean;
  /** The error of that status. */
  readonly error?: ConnectError | undefined;
}

/** All that a client knows at the end of a response. */
export interface ResponseEnd {
  readonly header: IncomingFields;
  readonly head: ResponseHead;
  /** HTTP trailers, if any came. */
  readonly trailer: IncomingFields | undefined;
  /** Data of the envelope that ended the stream, if one came. */
  readonly envelope: Uint8Array | undefined;
  /** No message came. */
  readonly empty: boolean;
}

/** A client's part of a protocol: what its requests look like, and what a response says. */
export interface ClientProtocol extends EnvelopeHeaders {
  /** The headers of a request, but for its time limit. */
  requestHeader(header: HeadersInit | undefined, format: ClientFormat): Headers;
  /** A time limit, as the value of the header `timeout`. */
  formatTimeout(timeoutMs: number): string;
  /** Throws a `ConnectError` for a response that is none of this protocol, or an error. */
  validateHead(status: number, header: IncomingFields, format: ClientFormat): ResponseHead;
  /** The trailers of a call that succeeded. Throws the `ConnectError` of one that failed. */
  validateEnd(end: ResponseEnd): IncomingFields;
}
