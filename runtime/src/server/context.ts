// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import {
  type ConnectError,
  type ContextValues,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import type { StreamContext } from "../api/context.js";
import type { Peer } from "../api/observer.js";
import { type Clock, realClock } from "../call/clock.js";
import type { Fields } from "../protocol/fields.js";
import { findInvalidHeader } from "../protocol/header-value.js";
import { type Fault, valuesFrom } from "./context-values.js";

/** What a request's head says. Headers are converted only if somebody asks for them all. */
export interface RequestHead {
  readonly method: string;
  /** Path of the URL, without its query. */
  readonly path: string;
  /** Scheme and host of the URL; `undefined` for a request that names no valid host. */
  readonly origin: string | undefined;
  readonly url: string;
  /** `undefined` if the request does not have the field. Names in lower case. */
  get(name: string): string | undefined;
  readonly header: Headers;
  /** False where a response begins only when the request has ended: over HTTP/1.1. */
  readonly fullDuplex: boolean;
  /** Who is at the other end of the connection. */
  readonly peer: Peer | undefined;
  readonly contextValues: ContextValues | undefined;
}

/** A context whose signal its call can abort. */
export interface AbortableContext extends StreamContext {
  /** The first reason counts. */
  abort(reason: ConnectError): void;
}

/** An abort signal that is made when somebody asks for it. */
class LazySignal {
  #controller: AbortController | undefined;
  #reason: ConnectError | undefined;

  get value(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  abort(reason: ConnectError): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }
}

/** The context of a call on the wire. Parts that a handler does not use are never made. */
export class CallContext implements AbortableContext {
  readonly method: DescMethod;
  readonly protocolName: string;
  readonly #head: RequestHead;
  readonly #deadline: number | undefined;
  readonly #clock: Clock;
  /** What a response begins with, whatever the handler adds. */
  readonly protocolHeader: Fields;
  #signal: LazySignal | undefined;
  #drainSignal: LazySignal | undefined;
  #responseHeader: Headers | undefined;
  #responseTrailer: Headers | undefined;
  #values: ContextValues | undefined;
  /** Why the handler cannot run. */
  readonly fault: Fault | undefined;

  constructor(
    method: DescMethod,
    protocolName: string,
    head: RequestHead,
    timeoutMs: number | undefined,
    protocolHeader: Fields,
    clock: Clock = realClock,
  ) {
    this.method = method;
    this.protocolName = protocolName;
    this.#head = head;
    this.#deadline = timeoutMs === undefined ? undefined : clock.now() + timeoutMs;
    this.#clock = clock;
    this.protocolHeader = protocolHeader;
    const { values, fault } = valuesFrom(head);
    this.#values = values;
    this.fault = fault;
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
    this.#signal ??= new LazySignal();
    return this.#signal.value;
  }

  get drainSignal(): AbortSignal {
    this.#drainSignal ??= new LazySignal();
    return this.#drainSignal.value;
  }

  /** A whole number: protocols want one, if it is what a call to another server has left. */
  get timeoutMs(): () => number | undefined {
    const deadline = this.#deadline;
    const clock = this.#clock;
    return () => (deadline === undefined ? undefined : Math.ceil(deadline - clock.now()));
  }

  /** The response head as it stands: the handler's, or else the protocol's. */
  get header(): Fields {
    return this.#responseHeader ?? this.protocolHeader;
  }

  /** The name of a header of the handler's that HTTP has no way to send. */
  get invalidHeader(): string | undefined {
    return this.#responseHeader && findInvalidHeader(this.#responseHeader);
  }

  /** The handler's trailers, if it set any. */
  get trailer(): Headers | undefined {
    return this.#responseTrailer;
  }

  abort(reason: ConnectError): void {
    this.#signal ??= new LazySignal();
    this.#signal.abort(reason);
  }

  /** The server begins to drain. */
  drain(reason: ConnectError): void {
    this.#drainSignal ??= new LazySignal();
    this.#drainSignal.abort(reason);
  }
}

/** What is not that of the outer context. Read when somebody asks for it. */
export interface ContextChanges {
  readonly requestHeader?: Headers;
  readonly values?: ContextValues;
  readonly signal?: AbortSignal;
}

/** Ours, or that of one of Connect's adapters, which do not drain. */
export type OuterContext = HandlerContext & Partial<Pick<StreamContext, "drainSignal">>;

/**
 * The context of a call within another, as behind interceptors and on Connect's own adapters. Parts
 * that a handler does not use are never made.
 */
export class DerivedContext implements AbortableContext {
  readonly #outer: OuterContext;
  readonly #changes: ContextChanges;
  readonly #signal: LazySignal | undefined;
  #neverDrains: LazySignal | undefined;

  /** `ownSignal`: whether its call can end before the outer one does. */
  constructor(outer: OuterContext, changes: ContextChanges, ownSignal: boolean) {
    this.#outer = outer;
    this.#changes = changes;
    this.#signal = ownSignal ? new LazySignal() : undefined;
  }

  get method(): DescMethod {
    return this.#outer.method;
  }

  get service(): DescService {
    return this.#outer.service;
  }

  get requestMethod(): string {
    return this.#outer.requestMethod;
  }

  get protocolName(): string {
    return this.#outer.protocolName;
  }

  get url(): string {
    return this.#outer.url;
  }

  get requestHeader(): Headers {
    return this.#changes.requestHeader ?? this.#outer.requestHeader;
  }

  get responseHeader(): Headers {
    return this.#outer.responseHeader;
  }

  get responseTrailer(): Headers {
    return this.#outer.responseTrailer;
  }

  get values(): ContextValues {
    return this.#changes.values ?? this.#outer.values;
  }

  get signal(): AbortSignal {
    return this.#signal?.value ?? this.#changes.signal ?? this.#outer.signal;
  }

  get drainSignal(): AbortSignal {
    if (this.#outer.drainSignal) return this.#outer.drainSignal;
    this.#neverDrains ??= new LazySignal();
    return this.#neverDrains.value;
  }

  get timeoutMs(): () => number | undefined {
    return this.#outer.timeoutMs;
  }

  abort(reason: ConnectError): void {
    this.#signal?.abort(reason);
  }
}
