// SPDX-License-Identifier: Apache-2.0

/** A fenced code block of a Markdown page. */
export interface CodeBlock {
  /** The page and the line that the block begins at: `README.md:12`. */
  readonly place: string;
  readonly language: string;
  /** The file that the page tells its reader to write, from `title="…"`. */
  readonly title: string | undefined;
  /** Without the indentation that all its lines share. */
  readonly text: string;
}

const fence = /^( *)```(\w*)(?: title="([^"]*)")?[^\n]*\n(.*?)^ *```$/gms;

/** The code blocks of `markdown`, in order. */
export function codeBlocks(page: string, markdown: string): CodeBlock[] {
  return [...markdown.matchAll(fence)].map(({ index, 2: language, 3: title, 4: text }) => ({
    place: `${page}:${markdown.slice(0, index).split("\n").length}`,
    language: language ?? "",
    title,
    text: dedent(text ?? "").trimEnd(),
  }));
}

/** Takes away the indentation that all lines share. */
export function dedent(text: string): string {
  const depths = text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.length - line.trimStart().length);
  const depth = depths.length > 0 ? Math.min(...depths) : 0;
  return text.replaceAll(new RegExp(`^ {${depth}}`, "gm"), "");
}
