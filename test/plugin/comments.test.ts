// SPDX-License-Identifier: Apache-2.0
import { create } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { filesOf, run } from "./harness.js";

/** Generates a service whose comments, everywhere, are `comment`. */
function generate(comment: string, target: "ts" | "js" | "dts"): string {
  const paths = [[12], [2], [6, 0], [6, 0, 2, 0], [6, 0, 2, 1]];
  const location = paths.map((path) => ({
    path,
    span: [0, 0, 0],
    leadingDetachedComments: [comment],
    leadingComments: comment,
    trailingComments: comment,
  }));
  const set = create(FileDescriptorSetSchema, {
    file: [
      {
        name: "a.proto",
        package: "p",
        syntax: "proto3",
        messageType: [{ name: "M" }],
        service: [
          {
            name: "S",
            method: [
              { name: "A", inputType: ".p.M", outputType: ".p.M" },
              { name: "B", inputType: ".p.M", outputType: ".p.M", serverStreaming: true },
            ],
          },
        ],
        sourceCodeInfo: { location },
      },
    ],
  });
  return [...filesOf(run(set, `target=${target}`)).values()].join();
}

function parse(content: string): ts.SourceFile {
  return ts.createSourceFile("a.ts", content, ts.ScriptTarget.Latest, true);
}

/** The code without comments, as the compiler sees it. */
function codeOf(content: string): string {
  return ts.createPrinter({ removeComments: true }).printFile(parse(content));
}

/** All JSDoc tags that the compiler finds. */
function tagsOf(content: string): Set<string> {
  const tags = new Set<string>();
  const visit = (node: ts.Node) => {
    for (const tag of ts.getJSDocTags(node)) {
      tags.add(tag.tagName.text);
    }
    node.forEachChild(visit);
  };
  visit(parse(content));
  return tags;
}

const comments = {
  "ends of comments": " */ export const broken = 1; /* */*/ **/ *\\/ /",
  "a slash at the start of a line": " *\n/\n*/\n/ export const broken = 1;",
  "Windows line ends": " a\r\n b */\r\n",
  "old Mac line ends": " a\r export const broken = 1;\r */ b\r",
  "Unicode line ends": " a\u2028 export const broken = 1;\u2029*/ b\u0085 c\u000b d\u000c e",
  tags: " @internal\n @deprecated\n\t@param x\n text @example y {@link z} { @inheritDoc }\n@template T",
  "template and code": "$" + "{process.exit()} `code` \\u002a/ &lt; <script>",
  "line comments": " // @ts-nocheck\n /// <reference path='x'/>",
  "only spaces": "  \n \n",
};

describe.each(Object.entries(comments))("a comment with %s", (_, comment) => {
  test.each(["ts", "js", "dts"] as const)("changes no code in %s", (target) => {
    expect(codeOf(generate(comment, target))).toBe(codeOf(generate("", target)));
  });

  test("adds no tags", () => {
    const tags = tagsOf(generate(comment, "ts"));
    expect([...tags]).toEqual(["generated"]);
  });
});

test("a comment's text arrives, on the RPC's methods and the service's interfaces", () => {
  const content = generate(" Indeed.\n   Indented.\n", "ts");
  expect(content.match(/^ \* Indeed\.\n \* {3}Indented\.$/gm)).toHaveLength(4);
  expect(content.match(/^ {3}\* Indeed\.\n {3}\* {3}Indented\.$/gm)).toHaveLength(8);
});
