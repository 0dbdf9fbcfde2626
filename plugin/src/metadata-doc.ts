// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What initial metadata is, in sentences for TSDoc. */
import type { DescMessage } from "@bufbuild/protobuf";
import type { Side } from "connect-stream/options";
import { acceptedHeaders } from "./metadata-headers.js";

/** What a side has to know of an RPC's initial metadata; empty if it has none. */
export function metadataDoc(side: Side, message: DescMessage | undefined): string {
  if (!message) return "";
  const names = message.fields.map((field) => `\`${acceptedHeaders(field)[0]}\``);
  const headers = ["request headers", names.join(", ")].join(" ").trimEnd();
  return side === "server"
    ? `\`metadata\` comes from the ${headers}. Invalid headers end the call with \`invalid_argument\` before this method is called.`
    : `\`metadata\` is sent as ${headers}.`;
}
