// SPDX-License-Identifier: Apache-2.0
import type { Field, Fields } from "../protocol/fields.js";

/** Header fields by name, in lower case. */
export type HeaderFields = Readonly<Record<string, string>>;

/** `header` with fields that go before its own of the same name, but for `vary`, which gains values. */
export function withFields(header: Fields, extra: HeaderFields | undefined): Fields {
  if (!extra) return header;
  const copy = ([name, value]: Field): [string, string] => [name, value];
  const headers = new Headers([...header].map(copy));
  for (const [name, value] of Object.entries(extra)) {
    if (name === "vary") headers.append(name, value);
    else headers.set(name, value);
  }
  return headers;
}
