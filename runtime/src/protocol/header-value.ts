// SPDX-License-Identifier: Apache-2.0
import type { Fields } from "./fields.js";

/** What HTTP does not allow in the value of a field, and fetch's `Headers` do in part. */
const forbidden = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * The name of a field whose value cannot be sent, if there is one. Node.js throws for it over
 * HTTP/1.1, and drops it without a word over HTTP/2.
 * https://www.rfc-editor.org/rfc/rfc9110#section-5.5
 */
export function findInvalidHeader(fields: Fields): string | undefined {
  for (const [name, value] of fields) if (forbidden.test(value)) return name;
  return undefined;
}
