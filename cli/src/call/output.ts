// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a call writes: messages on standard output, all else on standard error. */
import type { DescMethod, JsonValue } from "@bufbuild/protobuf";
import type { StreamCallOptions, StreamOutcome } from "connect-stream";
import type { Connection } from "../connection.js";
import type { Io } from "../io.js";
import { codeName } from "../status.js";

/** Writes a message as a line: as it is, or with the time at which it came. */
export function writeMessage(io: Io, message: JsonValue, timestamps: boolean): Promise<void> {
  const line = timestamps ? { time: new Date().toISOString(), message } : message;
  return io.write(`${JSON.stringify(line)}\n`);
}

/** `--verbose`: the request's own headers, and those of the response, as they come. */
export function traceHeaders(
  { url, protocol, httpVersion, headers }: Connection,
  { parent, name }: DescMethod,
  note: Io["note"],
): Pick<StreamCallOptions, "onHeader" | "onTrailer"> {
  const base = url.replace(/\/+$/, "");
  note(`> POST ${base}/${parent.typeName}/${name} (${protocol}, HTTP/${httpVersion})`);
  for (const [key, value] of headers) note(`> ${key}: ${value}`);
  const show = (title: string) => (fields: Headers) => {
    note(`< ${title}`);
    for (const [key, value] of fields) note(`< ${key}: ${value}`);
  };
  return { onHeader: show("headers"), onTrailer: show("trailers") };
}

/** Messages that the command itself has handled. */
export interface Counts {
  sent: number;
  received: number;
}

/** `--summary`: one line. */
export function summaryLine(counts: Counts, outcome: StreamOutcome): string {
  const { sent, received, durationMs, attempts, code } = outcome;
  const seconds = Math.max(durationMs, 1) / 1000;
  return [
    `sent ${amount(counts.sent, "message")}, ${amount(sent.bytes, "byte")}`,
    `received ${amount(counts.received, "message")}, ${amount(received.bytes, "byte")}`,
    `${seconds.toFixed(3)} s`,
    `${(counts.received / seconds).toFixed(1)} messages/s, ${(received.bytes / seconds).toFixed(0)} bytes/s received`,
    ...(attempts > 1 ? [amount(attempts, "call")] : []),
    `status ${code === undefined ? "ok" : codeName(code)}`,
  ].join("; ");
}

function amount(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
