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
  const names = isPart ? Object.keys(like) : Object.keys(object);
  const fields = names
    .filter((name) => !name.startsWith("$"))
    .flatMap((name) => {
      const value: unknown = Reflect.get(object, name);
      const [first = "", ...rest] = lines(value, isPart ? Reflect.get(like, name) : value);
      return closed([`${name}: ${first}`, ...rest]);
    });
  return fields.length > 0 ? ["{", ...fields, "}"] : ["{}"];
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

/** The two texts as one: lines that they share once, others with a sign. */
export function diff(expected: string, actual: string): string {
  const [a, b] = [expected.split("\n"), actual.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head++;
  let tail = 0;
  while (
    tail < Math.min(a.length, b.length) - head &&
    a[a.length - 1 - tail] === b[b.length - 1 - tail]
  ) {
    tail++;
  }
  const signed = (all: string[], sign: string) =>
    all.slice(head, all.length - tail).map((line) => `${sign} ${line}`);
  return [
    ...a.slice(0, head).map((line) => `  ${line}`),
    ...signed(a, "-"),
    ...signed(b, "+"),
    ...a.slice(a.length - tail).map((line) => `  ${line}`),
  ].join("\n");
}
