// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Texts of TSDoc comments. */
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import type { StreamSide } from "./kinds.js";

/** The `comments` of an RPC or service in the schema, followed by `more`, and its tags. */
export function commentDoc(
  desc: DescMethod | DescService,
  comments: readonly string[] = [],
  ...more: string[]
): string {
  return paragraphs([...comments.map(unindent), ...more, tags(desc)]);
}

/** `text`, and the tags of `desc`. */
export function ownDoc(desc: DescMethod | DescService, text: string): string {
  return paragraphs([text, tags(desc)]);
}

/** Whose side a stream is, what its methods do, when it ends and how it fails, then `more`. */
export function streamDoc(
  method: DescMethod,
  whose: string,
  side: StreamSide,
  ...more: string[]
): string {
  const purpose = side.purpose(`\`${method.input.name}\``, `\`${method.output.name}\``);
  return paragraphs([
    `The ${whose}'s side of ${method.parent.name}.${method.name}: ${purpose}.`,
    side.methods.map((line) => `- ${line}`).join("\n"),
    side.ending.join("\n"),
    ...more,
    tags(method),
  ]);
}

/** Text of the schema, on one line, with a full stop. */
export function sentence(text: string): string {
  const line = escapeTags(text.trim().replaceAll(/\s+/g, " "));
  return /[.!?]$/.test(line) ? line : `${line}.`;
}

/** A deprecated service or file deprecates all that is in it. */
function tags(desc: DescMethod | DescService): string {
  const service = desc.kind === "rpc" ? desc.parent : desc;
  const isDeprecated = desc.deprecated || service.deprecated || service.file.deprecated;
  return `@generated from ${desc}${isDeprecated ? "\n@deprecated" : ""}`;
}

/** Texts, apart. */
export function paragraphs(texts: readonly string[]): string {
  return texts.filter((text) => text !== "").join("\n\n");
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
