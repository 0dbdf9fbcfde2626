// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What initial metadata is, in sentences for TSDoc. */
import type { DescMessage } from "@bufbuild/protobuf";
import { acceptedHeaders } from "./metadata-headers.js";
import type { Side } from "./policy-rules.js";

/** What a side has to know of an RPC's initial metadata; empty if it has none. */
export function metadataDoc(side: Side, message: DescMessage | undefined): string {
  if (!message) return "";
  const names = message.fields.map((field) => `\`${acceptedHeaders(field)[0]}\``);
  const headers =
    names.length > 0 ? `as request headers: ${names.join(", ")}` : "as request headers";
  return side === "server"
    ? `\`metadata\` is what the client gave when it opened the stream. It came ${headers}. Where these are no \`${message.name}\`, the call ends with \`invalid_argument\`, and this is not called.`
    : `\`metadata\` goes to the server when the stream is opened, before any message, ${headers}.`;
}
