// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type ConnectError,
  type ContextValues,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { Peer } from "../api/observer.js";
import type { Fields } from "../protocol/fields.js";
import { findInvalidHeader } from "../protocol/header-value.js";

/** What a request's head says. Headers are converted only if somebody asks for them all. */
export interface RequestHead {
  readonly method: string;
  readonly url: string;
  /** `undefined` if the request does not have the field. Names in lower case. */
  get(name: string): string | undefined;
  readonly header: Headers;
  /** Who is at the other end of the connection. */
  readonly peer: Peer | undefined;
  readonly contextValues: ContextValues | undefined;
}

/** The context of a call on the wire. Parts that a handler does not use are never made. */
export class CallContext implements HandlerContext {
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly #head: RequestHead;
  readonly #deadline: number | undefined;
  /** What a response begins with, whatever the handler adds. */
  readonly protocolHeader: Fields;
  #controller: AbortController | undefined;
  #reason: ConnectError | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;

  constructor(
    method: DescMethod,
    protocolName: string,
    head: RequestHead,
    timeoutMs: number | undefined,
    protocolHeader: Fields,
  ) {
    this.method = method;
    this.protocolName = protocolName;
    this.#head = head;
    this.#deadline = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
    this.protocolHeader = protocolHeader;
    this.#values = head.contextValues;
  }

  get service(): DescService {
    return this.method.parent;
  }

  get requestMethod(): string {
    return this.#head.method;
  }

  get url(): string {
    return this.#head.url;
  }

  get requestHeader(): Headers {
    return this.#head.header;
  }

  get responseHeader(): Headers {
    const copy = (field: readonly [string, string]): [string, string] => [...field];
    this.#responseHeader ??= new Headers([...this.protocolHeader].map(copy));
    return this.#responseHeader;
  }

  get responseTrailer(): Headers {
    this.#responseTrailer ??= new Headers();
    return this.#responseTrailer;
  }

  get values(): ContextValues {
    this.#values ??= createContextValues();
    return this.#values;
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** A whole number: protocols want one, if it is what a call to another server has left. */
  readonly timeoutMs = (): number | undefined =>
    this.#deadline === undefined ? undefined : Math.ceil(this.#deadline - performance.now());

  /** The response head as it stands: the handler's, or else the protocol's. */
  get header(): Fields {
    return this.#responseHeader ?? this.protocolHeader;
  }

  /** The name of a header of the handler's that HTTP has no way to send. */
  get invalidHeaderError(): string | undefined {
    return this.#responseHeader && findInvalidHeader(this.#responseHeader);
  }

  /** The handler's trailers, if it set any. */
  get trailer(): Headers | undefined {
    return this.#responseTrailer;
  }

  abort(reason: ConnectError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** A copy to change: contexts may be class instances, whose accessors a spread would lose. */
export function plainContext(context: HandlerContext): HandlerContext {
  return {
    method: context.method,
    service: context.service,
    signal: context.signal,
    timeoutMs: context.timeoutMs,
    requestMethod: context.requestMethod,
    requestHeader: context.requestHeader,
    responseHeader: context.responseHeader,
    responseTrailer: context.responseTrailer,
    protocolName: context.protocolName,
    values: context.values,
    url: context.url,
  };
}
