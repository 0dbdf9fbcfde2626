// SPDX-License-Identifier: Apache-2.0
import { type DescField, ScalarType } from "@bufbuild/protobuf";
import { base64Decode, base64Encode } from "@bufbuild/protobuf/wire";
import { type ScalarText, scalarText } from "./scalar-text.js";

/** Values of one field as they stand in one header. */
export interface HeaderCodec {
  /** Names that servers accept. Clients use the first. */
  readonly names: readonly string[];
  /** What a value may look like, for people. */
  readonly allowed: string;
  /** `undefined` for a value that this header cannot carry. */
  format(value: unknown): string | undefined;
  /** `undefined` for a text that is no value. */
  parse(text: string): unknown;
}

/** A field of a message whose fields travel as headers. */
export interface HeaderField {
  readonly desc: DescField;
  readonly isList: boolean;
  /** Ways to write it. Clients take the first that can carry all of its values. */
  readonly codecs: readonly HeaderCodec[];
}

/** What HTTP lets through unchanged. Spaces at either end are not among it. */
const printable = /^[!-~]([ -~]*[!-~])?$|^$/;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** How a field travels. */
export function headerField(desc: DescField): HeaderField {
  const isList = desc.fieldKind === "list";
  return { desc, isList, codecs: codecsOf(desc, isList) };
}

function codecsOf(desc: DescField, isList: boolean): HeaderCodec[] {
  const name = desc.name.toLowerCase();
  // Proxies may drop names with underscores: nginx does, unless it is told not to.
  const names = [...new Set([name, name.replaceAll("_", "-")])];
  const binary = names.map((one) => `${one}-bin`);
  if (desc.scalar === ScalarType.BYTES) return [bytes(binary)];
  if (desc.scalar === ScalarType.STRING) return [plainString(names, isList), anyString(binary)];
  return [scalar(names, scalarText(desc))];
}

function scalar(names: readonly string[], text: ScalarText): HeaderCodec {
  return { names, ...text };
}

function bytes(names: readonly string[]): HeaderCodec {
  return {
    names,
    allowed: "base64",
    format: (value) => base64Encode(value as Uint8Array, "std_raw"),
    parse: decodeBase64,
  };
}

/** A string that can stand in a header as it is; in a list, commas separate. */
function plainString(names: readonly string[], isList: boolean): HeaderCodec {
  const isPlain = (text: string) => printable.test(text) && !(isList && text.includes(","));
  return {
    names,
    allowed: `printable ASCII, or the base64 of UTF-8 as ${names[0]}-bin`,
    format: (value) => (isPlain(String(value)) ? String(value) : undefined),
    parse: (text) => (isPlain(text) ? text : undefined),
  };
}

function anyString(names: readonly string[]): HeaderCodec {
  return {
    names,
    allowed: "the base64 of UTF-8",
    format: (value) => base64Encode(new TextEncoder().encode(String(value)), "std_raw"),
    parse(text) {
      const decoded = decodeBase64(text);
      try {
        return decoded && utf8.decode(decoded);
      } catch {
        return undefined;
      }
    },
  };
}

function decodeBase64(text: string): Uint8Array | undefined {
  try {
    return base64Decode(text);
  } catch {
    return undefined;
  }
}
