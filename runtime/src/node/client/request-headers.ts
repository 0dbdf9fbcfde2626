// SPDX-License-Identifier: Apache-2.0
import type { OutgoingRequest } from "../../client/wire-method.js";
import type { HeaderList } from "../../http2/index.js";
import type { Field, Fields } from "../../protocol/fields.js";
import { toHeaderList } from "../http2/header-lists.js";

interface Prepared {
  readonly path: string;
  readonly list: HeaderList;
}

/** The header lists of a transport's requests. What the calls of a method share is made once. */
export class RequestHeaders {
  readonly #scheme: string;
  readonly #authority: string;
  readonly #prepared = new WeakMap<Fields, Prepared>();

  constructor({ protocol, host }: URL) {
    this.#scheme = protocol.slice(0, -1);
    this.#authority = host;
  }

  of(request: OutgoingRequest): HeaderList {
    const { header, path, timeout } = request;
    const known = this.#prepared.get(header);
    const list = known?.path === path ? known.list : this.#prepare(request);
    return timeout ? list.concat([timeout]) : list;
  }

  #prepare({ method, path, header }: OutgoingRequest): HeaderList {
    const pseudo = (): Field[] => [
      [":method", method],
      [":scheme", this.#scheme],
      [":authority", this.#authority],
      [":path", path],
    ];
    // With GET, the path has the message.
    if (method === "GET") return toHeaderList(path, pseudo, [...header]);
    const list = toHeaderList(path, pseudo, header);
    if (list.reused) this.#prepared.set(header, { path, list });
    return list;
  }
}
