// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Texts of TSDoc comments. */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { Side } from "connect-stream/options";
import type { StreamSide } from "./kinds.js";

/** The `comments` of an RPC or service in the schema, followed by `more`, and its tags. */
export function commentDoc(
  desc: DescMethod | DescService,
  comments: readonly string[] = [],
  ...more: string[]
): string {
  return paragraphs([...comments.map(unindent), ...more, tags(desc)]);
}

/** Whose side a stream is, what its methods do, when it ends and how it fails. */
export function streamDoc(method: DescMethod, side: Side, { methods, ending }: StreamSide): string {
  const does = methods(`\`${method.input.name}\``, `\`${method.output.name}\``);
  const text = [`${sideOf(side, method.parent)}.${method.name}: ${does}.`, ...ending];
  return commentDoc(method, [], text.join("\n"));
}

/** Whose side of a service: "Server side of MonitorService". */
export function sideOf(side: Side, service: DescService): string {
  return `${side === "server" ? "Server" : "Client"} side of ${service.name}`;
}

/** Text of the schema, on one line, with a full stop. */
export function sentence(text: string): string {
  const line = escapeTags(text.trim().replaceAll(/\s+/g, " "));
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** A list under `intro`; empty if it has no lines. */
export function list(intro: string, lines: readonly string[]): string {
  return lines.length === 0 ? "" : [intro, ...lines.map((line) => `- ${line}`)].join("\n");
}

/** Texts, apart. */
export function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
}

/** A deprecated service or file deprecates all that is in it. */
function tags(desc: DescMethod | DescService): string {
  const service = desc.kind === "rpc" ? desc.parent : desc;
  const isDeprecated = desc.deprecated || service.deprecated || service.file.deprecated;
  return `@generated from ${desc}${isDeprecated ? "\n@deprecated" : ""}`;
}

function unindent(comment: string): string {
  const lines = comment.replace(/\n$/, "").split("\n");
  return escapeTags(lines.map((line) => line.replace(/^ /, "").trimEnd()).join("\n"));
}

/**
 * Keeps the schema's text from being read as tags: `@internal` would strip the member from a
 * package's declarations, `@example` would swallow what follows.
 */
function escapeTags(text: string): string {
  return text.replace(/(^|[\s{])@(?=[a-z])/gi, "$1\\@");
}
