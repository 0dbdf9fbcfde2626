// SPDX-License-Identifier: Apache-2.0
import type { Metadata } from "./peer.js";

/** Fetch's headers as metadata. */
export function fromHeaders(headers: Headers): Metadata {
  return Object.fromEntries([...headers].map(([name, value]) => [name, value.split(/\s*,\s*/)]));
}

/** Metadata as fetch's headers. */
export function toHeaders(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [name, value] of entries(metadata)) headers.append(name, value);
  return headers;
}

/** Each name with each of its values. */
export function entries(metadata: Metadata): [name: string, value: string][] {
  return Object.entries(metadata).flatMap(([name, values]) =>
    values.map((value): [string, string] => [name, value]),
  );
}

/** Names with raw values, as grpc-js and nice-grpc have them, as metadata. */
export function fromRaw(
  raw: Iterable<readonly [string, readonly (string | Uint8Array)[]]>,
): Metadata {
  return Object.fromEntries(
    [...raw].map(([name, values]) => [
      name,
      values.flatMap((value) =>
        typeof value === "string"
          ? value.split(/\s*,\s*/)
          : [Buffer.from(value).toString("base64")],
      ),
    ]),
  );
}

/** A value of metadata as grpc-js and nice-grpc want it. */
export function toRaw(name: string, value: string): string | Buffer {
  return name.endsWith("-bin") ? Buffer.from(value, "base64") : value;
}

/** Values of `name` to compare: "-bin" with padding, which is optional. */
export function valuesOf(metadata: Metadata, name: string): readonly string[] {
  const values = metadata[name] ?? [];
  if (!name.endsWith("-bin")) return values;
  return values.map((value) => Buffer.from(value, "base64").toString("base64"));
}
