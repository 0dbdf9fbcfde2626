// SPDX-License-Identifier: Apache-2.0
import type { ContextValues } from "@connectrpc/connect";
import type { Peer } from "../../api/observer.js";
import type { HeaderList } from "../../http2/index.js";
import type { RequestHead } from "../../server/context.js";
import { joinedValue, toHeaders } from "../http2/header-lists.js";
import { toOrigin } from "./request-head.js";

/** What calls on one connection share. */
export interface ConnectionInfo {
  readonly scheme: "http" | "https";
  readonly peer: Peer | undefined;
  contextValues(headers: HeaderList): ContextValues | undefined;
}

/** What the pseudo-header fields of a list say. It is kept with the list, which may come again. */
class RequestLine {
  readonly method: string;
  readonly target: string;
  readonly path: string;
  readonly host: string | undefined;

  private constructor(list: HeaderList) {
    this.method = list.get(":method") ?? "";
    this.target = list.get(":path") ?? "";
    this.path = this.target.split("?", 1)[0] ?? "";
    this.host = list.get(":authority") ?? list.get("host");
  }

  static of(list: HeaderList): RequestLine {
    const { memo } = list;
    if (memo instanceof RequestLine) return memo;
    const line = new RequestLine(list);
    list.memo = line;
    return line;
  }
}

/** What the head of a request over HTTP/2 says. */
export class Http2RequestHead implements RequestHead {
  readonly fullDuplex = true;
  readonly #list: HeaderList;
  readonly #line: RequestLine;
  readonly #connection: ConnectionInfo;
  #header: Headers | undefined;

  constructor(list: HeaderList, connection: ConnectionInfo) {
    this.#list = list;
    this.#line = RequestLine.of(list);
    this.#connection = connection;
  }

  get method(): string {
    return this.#line.method;
  }

  get path(): string {
    return this.#line.path;
  }

  get origin(): string | undefined {
    return toOrigin(this.#connection.scheme, this.#line.host);
  }

  get url(): string {
    return `${this.origin ?? ""}${this.#line.target}`;
  }

  get peer(): Peer | undefined {
    return this.#connection.peer;
  }

  get contextValues(): ContextValues | undefined {
    return this.#connection.contextValues(this.#list);
  }

  get(name: string): string | undefined {
    return joinedValue(this.#list, name);
  }

  get header(): Headers {
    this.#header ??= toHeaders(this.#list);
    return this.#header;
  }
}
