// SPDX-License-Identifier: Apache-2.0
import { ANY_PSEUDO, FieldKind } from "./header-field.js";
import type { HeaderList } from "./header-list.js";

/** @packageDocumentation When a message is malformed. https://www.rfc-editor.org/rfc/rfc9113.html#section-8.1.1 */

const REQUIRED = FieldKind.METHOD | FieldKind.SCHEME | FieldKind.PATH;

/** What is wrong with the headers of a request; `undefined`: nothing. */
export function requestFlaw(list: HeaderList): string | undefined {
  if (list.flaw !== undefined) return list.flaw;
  const { kinds } = list;
  if (kinds & FieldKind.STATUS) return "a request with :status";
  if ((kinds & REQUIRED) !== REQUIRED) return connectFlaw(list);
  if (list.get(":method") === "CONNECT") return "CONNECT with :scheme or :path";
  return list.get(":path") === "" ? "an empty :path" : undefined;
}

/** CONNECT names no more than where to. */
function connectFlaw(list: HeaderList): string | undefined {
  const { kinds } = list;
  const isConnect = kinds & FieldKind.METHOD && list.get(":method") === "CONNECT";
  if (!isConnect) return "a request without :method, :scheme or :path";
  if (kinds & (FieldKind.SCHEME | FieldKind.PATH)) return "CONNECT with :scheme or :path";
  return kinds & FieldKind.AUTHORITY ? undefined : "CONNECT without :authority";
}

/** What is wrong with the headers of a response; `undefined`: nothing. */
export function responseFlaw(list: HeaderList): string | undefined {
  if (list.flaw !== undefined) return list.flaw;
  if ((list.kinds & ANY_PSEUDO) !== FieldKind.STATUS) {
    return "a response with other pseudo-header fields than :status";
  }
  const { status } = list;
  if (status === 0) return "an invalid :status";
  return status === 101 ? ":status of 101, which HTTP/2 does not have" : undefined;
}

/** What is wrong with trailers; `undefined`: nothing. */
export function trailersFlaw(list: HeaderList): string | undefined {
  if (list.flaw !== undefined) return list.flaw;
  return list.kinds & ANY_PSEUDO ? "trailers with pseudo-header fields" : undefined;
}

/** `content-length` as a number; -1: there is none; `undefined`: it is no number, or there are two. */
export function contentLength(list: HeaderList): number | undefined {
  if (!(list.kinds & FieldKind.CONTENT_LENGTH)) return -1;
  let length = -1;
  for (const { kind, value } of list.fields) {
    if (!(kind & FieldKind.CONTENT_LENGTH)) continue;
    if (!/^\d{1,15}$/.test(value)) return undefined;
    if (length >= 0 && length !== Number(value)) return undefined;
    length = Number(value);
  }
  return length;
}
