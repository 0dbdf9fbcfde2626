// SPDX-License-Identifier: Apache-2.0

/** One header or trailer field. Names are in lower case. */
export type Field = readonly [name: string, value: string];

/**
 * Header or trailer fields to send, in order; a `Headers` object is one. A list that is passed again
 * and again (the same object, which nobody changes) lets a wire prepare it once.
 */
export type Fields = Iterable<Field>;

/** Header or trailer fields that arrived. They become a `Headers` object only if somebody asks for it. */
export interface IncomingFields {
  /** The value of a field, `name` in lower case; several values are joined by ", ". */
  get(name: string): string | undefined;
  readonly headers: Headers;
}

/** Fields that are `Headers` already. */
export function incomingFields(headers: Headers): IncomingFields {
  return { headers, get: (name) => headers.get(name) ?? undefined };
}

/** No fields at all. */
export const noFields: IncomingFields = {
  get: () => undefined,
  get headers() {
    return new Headers();
  },
};
