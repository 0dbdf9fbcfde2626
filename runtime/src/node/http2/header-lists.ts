// SPDX-License-Identifier: Apache-2.0
import { HeaderList } from "../../http2/index.js";
import type { Field, Fields, IncomingFields } from "../../protocol/fields.js";
import { connectionFields } from "../../protocol/reserved-fields.js";

const prepared = new WeakMap<Fields, Map<string, HeaderList>>();

/**
 * Pseudo-header fields and fields, without those of a connection of HTTP/1.1, as a list to send. A
 * frozen list of fields is prepared once for each `key`, which stands for the pseudo-header fields.
 */
export function toHeaderList(
  key: string,
  pseudo: () => readonly Field[],
  fields: Fields,
): HeaderList {
  if (!Object.isFrozen(fields)) return HeaderList.of([...pseudo(), ...sendable(fields)]);
  const known = prepared.get(fields) ?? new Map<string, HeaderList>();
  prepared.set(fields, known);
  const list =
    known.get(key) ?? HeaderList.of([...pseudo(), ...sendable(fields)], { reused: true });
  known.set(key, list);
  return list;
}

/** `te` says that trailers are welcome, which gRPC needs. */
function* sendable(fields: Fields): Iterable<Field> {
  for (const [field, value] of fields) {
    const name = field.toLowerCase();
    if (!connectionFields.has(name) || (name === "te" && value === "trailers"))
      yield [name, value.trim()];
  }
}

/** Fields of a list that was received. They become `Headers` if somebody asks for these. */
export class ReceivedFields implements IncomingFields {
  readonly #list: HeaderList;
  #headers: Headers | undefined;

  constructor(list: HeaderList) {
    this.#list = list;
  }

  get(name: string): string | undefined {
    return joinedValue(this.#list, name);
  }

  get headers(): Headers {
    this.#headers ??= toHeaders(this.#list);
    return this.#headers;
  }
}

/** The value of a field; several values are joined by ", ". */
export function joinedValue(list: HeaderList, name: string): string | undefined {
  let value: string | undefined;
  for (const field of list.fields) {
    if (field.name === name) value = value === undefined ? field.value : `${value}, ${field.value}`;
  }
  return value;
}

/** The fields of a list, without pseudo-header fields. */
export function toHeaders({ fields }: HeaderList): Headers {
  const headers = new Headers();
  for (const { name, value } of fields) if (!name.startsWith(":")) headers.append(name, value);
  return headers;
}
