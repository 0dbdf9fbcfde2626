// SPDX-License-Identifier: Apache-2.0

/** What HTTP/2 makes of a field's name and value. Bits of {@link HeaderField.kind}. */
export const FieldKind = {
  /** A name or value with octets that are not allowed there. */
  INVALID: 0x1,
  /** Belongs to one connection of HTTP/1.1: `connection`, `upgrade`, a `te` that is not `trailers`. */
  CONNECTION_SPECIFIC: 0x2,
  CONTENT_LENGTH: 0x4,
  HOST: 0x8,
  METHOD: 0x10,
  SCHEME: 0x20,
  AUTHORITY: 0x40,
  PATH: 0x80,
  STATUS: 0x100,
  /** A name that begins with a colon and that is none of the above. */
  UNKNOWN_PSEUDO: 0x200,
} as const;

/** Pseudo-header fields of a request. */
export const REQUEST_PSEUDO: number =
  FieldKind.METHOD | FieldKind.SCHEME | FieldKind.AUTHORITY | FieldKind.PATH;

/** All names that begin with a colon. */
export const ANY_PSEUDO: number = REQUEST_PSEUDO | FieldKind.STATUS | FieldKind.UNKNOWN_PSEUDO;

/** What a field costs in a table or a list beside its octets, by RFC 7541. */
export const FIELD_OVERHEAD_BYTES = 32;

const kinds = new Map<string, number>([
  [":method", FieldKind.METHOD],
  [":scheme", FieldKind.SCHEME],
  [":authority", FieldKind.AUTHORITY],
  [":path", FieldKind.PATH],
  [":status", FieldKind.STATUS],
  ["content-length", FieldKind.CONTENT_LENGTH],
  ["host", FieldKind.HOST],
  ["connection", FieldKind.CONNECTION_SPECIFIC],
  ["keep-alive", FieldKind.CONNECTION_SPECIFIC],
  ["proxy-connection", FieldKind.CONNECTION_SPECIFIC],
  ["transfer-encoding", FieldKind.CONNECTION_SPECIFIC],
  ["upgrade", FieldKind.CONNECTION_SPECIFIC],
]);

/**
 * A header or trailer field. One object serves all lists that have it, and is checked once. Strings
 * are octets: a character is one, from U+0000 to U+00FF.
 */
export class HeaderField {
  /** In lower case. */
  readonly name: string;
  readonly value: string;
  /** Bits of {@link FieldKind}. */
  readonly kind: number;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.kind = kindOf(name, value);
  }

  /** Octets that count towards the size of a list or a table. */
  get size(): number {
    return this.name.length + this.value.length + FIELD_OVERHEAD_BYTES;
  }
}

function kindOf(name: string, value: string): number {
  let kind = kinds.get(name) ?? 0;
  if (name === "te" && value.toLowerCase() !== "trailers") kind |= FieldKind.CONNECTION_SPECIFIC;
  if (kind === 0 && name.charCodeAt(0) === COLON) kind = FieldKind.UNKNOWN_PSEUDO;
  if (!isName(name) || !isValue(value)) kind |= FieldKind.INVALID;
  return kind;
}

const TAB = 0x09;
const SPACE = 0x20;
const COLON = 0x3a;

/** Octets of a token in lower case, which is what a name is made of. */
const nameOctets = new Uint8Array(256);
for (const octet of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  nameOctets[octet.charCodeAt(0)] = 1;
}

/** https://www.rfc-editor.org/rfc/rfc9113.html#section-8.2.1 */
function isName(name: string): boolean {
  const start = name.charCodeAt(0) === COLON ? 1 : 0;
  if (name.length === start) return false;
  for (let i = start; i < name.length; i++) {
    if (nameOctets[name.charCodeAt(i)] !== 1) return false;
  }
  return true;
}

function isValue(value: string): boolean {
  const { length } = value;
  if (length === 0) return true;
  if (isBlank(value.charCodeAt(0)) || isBlank(value.charCodeAt(length - 1))) return false;
  for (let i = 0; i < length; i++) {
    const octet = value.charCodeAt(i);
    if (octet === 0 || octet === 0x0a || octet === 0x0d || octet > 0xff) return false;
  }
  return true;
}

function isBlank(octet: number): boolean {
  return octet === SPACE || octet === TAB;
}
