// SPDX-License-Identifier: Apache-2.0
import { HeaderField } from "../header-field.js";

const STATIC_FIELDS: readonly (readonly [name: string, value: string])[] = [
  [":authority", ""],
  [":method", "GET"],
  [":method", "POST"],
  [":path", "/"],
  [":path", "/index.html"],
  [":scheme", "http"],
  [":scheme", "https"],
  [":status", "200"],
  [":status", "204"],
  [":status", "206"],
  [":status", "304"],
  [":status", "400"],
  [":status", "404"],
  [":status", "500"],
  ["accept-charset", ""],
  ["accept-encoding", "gzip, deflate"],
  ["accept-language", ""],
  ["accept-ranges", ""],
  ["accept", ""],
  ["access-control-allow-origin", ""],
  ["age", ""],
  ["allow", ""],
  ["authorization", ""],
  ["cache-control", ""],
  ["content-disposition", ""],
  ["content-encoding", ""],
  ["content-language", ""],
  ["content-length", ""],
  ["content-location", ""],
  ["content-range", ""],
  ["content-type", ""],
  ["cookie", ""],
  ["date", ""],
  ["etag", ""],
  ["expect", ""],
  ["expires", ""],
  ["from", ""],
  ["host", ""],
  ["if-match", ""],
  ["if-modified-since", ""],
  ["if-none-match", ""],
  ["if-range", ""],
  ["if-unmodified-since", ""],
  ["last-modified", ""],
  ["link", ""],
  ["location", ""],
  ["max-forwards", ""],
  ["proxy-authenticate", ""],
  ["proxy-authorization", ""],
  ["range", ""],
  ["referer", ""],
  ["refresh", ""],
  ["retry-after", ""],
  ["server", ""],
  ["set-cookie", ""],
  ["strict-transport-security", ""],
  ["transfer-encoding", ""],
  ["user-agent", ""],
  ["vary", ""],
  ["via", ""],
  ["www-authenticate", ""],
];

/** How many fields the static table has. Dynamic ones follow from the next index on. */
export const STATIC_COUNT: number = STATIC_FIELDS.length;

/** The static table, by index; 0 is none. https://www.rfc-editor.org/rfc/rfc7541.html#appendix-A */
export const staticTable: readonly (HeaderField | undefined)[] = [
  undefined,
  ...STATIC_FIELDS.map(([name, value]) => new HeaderField(name, value)),
];

const firstIndexes = new Map<string, number>();
STATIC_FIELDS.forEach(([name], i) => {
  if (!firstIndexes.has(name)) firstIndexes.set(name, i + 1);
});

/** The first index of a name in the static table, 0 if it is not there. */
export function staticNameIndex(name: string): number {
  return firstIndexes.get(name) ?? 0;
}

/** The index of a field in the static table, given that of its name; 0 if it is not there. */
export function staticFieldIndex(nameIndex: number, name: string, value: string): number {
  for (let i = nameIndex; i > 0 && i <= STATIC_COUNT; i++) {
    const field = staticTable[i];
    if (field?.name !== name) return 0;
    if (field.value === value) return i;
  }
  return 0;
}
