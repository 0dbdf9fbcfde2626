// SPDX-License-Identifier: Apache-2.0
import { isMessage } from "@bufbuild/protobuf";

/** Bytes to show of a field; the length says how many there are. */
const SHOWN_BYTES = 16;

/**
 * `value` for people, a line for each field of a message. Of a message only what `like`, an object,
 * speaks of as well; all of it if `like` is a message.
 */
export function show(value: unknown, like: unknown = value): string {
  return lines(value, like).join("\n");
}

function lines(value: unknown, like: unknown): string[] {
  if (Array.isArray(value)) {
    const items = value.flatMap((item, i) =>
      closed(lines(item, Array.isArray(like) ? like[i] : item)),
    );
    return items.length > 0 ? ["[", ...items, "]"] : ["[]"];
  }
  if (value instanceof Uint8Array) return [showBytes(value)];
  if (typeof value === "object" && value !== null) return objectLines(value, like);
  if (typeof value === "bigint") return [`${value}n`];
  return [typeof value === "string" ? JSON.stringify(value) : String(value)];
}

function objectLines(object: object, like: unknown): string[] {
  const isPart = typeof like === "object" && like !== null && !isMessage(like);
  const names = isPart
    ? Object.keys(like)
    : Object.keys(object).filter((name) => says(object, name));
  const fields = names.flatMap((name) => {
    const value: unknown = Reflect.get(object, name);
    const [first = "", ...rest] = lines(value, isPart ? Reflect.get(like, name) : value);
    return closed([`${name}: ${first}`, ...rest]);
  });
  return fields.length > 0 ? ["{", ...fields, "}"] : ["{}"];
}

/** Whether a property is worth a line: of a message, what is set. */
function says(object: object, name: string): boolean {
  if (!isMessage(object)) return true;
  const value: unknown = Reflect.get(object, name);
  if (name.startsWith("$") || !value) return false;
  if (typeof value !== "object" || isMessage(value)) return true;
  // Lists, maps and bytes, or a oneof of which no field is set.
  return "case" in value ? value.case !== undefined : Object.keys(value).length > 0;
}

/** Indented, with a comma behind. */
function closed(block: string[]): string[] {
  return block.map((line, i) => `  ${line}${i === block.length - 1 ? "," : ""}`);
}

function showBytes(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, SHOWN_BYTES)].map((byte) =>
    byte.toString(16).padStart(2, "0"),
  );
  if (bytes.length > SHOWN_BYTES) shown.push("…");
  return `${bytes.length} bytes ${shown.join(" ")}`.trimEnd();
}
