// SPDX-License-Identifier: Apache-2.0
import type { Row, Runtime } from "./cells.js";
import type { ScenarioResult } from "./client-program.js";
import { notes } from "./notes.js";
import { columns } from "./scenarios.js";

/** What came of a row. */
export interface RowResults {
  readonly row: Row;
  readonly results: readonly ScenarioResult[];
}

/** What came of all rows of a runtime. */
export interface RuntimeResults {
  readonly runtime: Runtime;
  readonly version: string;
  readonly rows: readonly RowResults[];
}

const intro = `# Runtimes

What works on Node.js, Bun, Deno and workerd, as measured. [test/runtimes](../test/runtimes) writes this page: it runs the
scenarios of the [examples](../examples) on each runtime and entry point, against Node.js at the other end.

| column | scenario |
|---|---|
| unary | one request, one answer |
| server streaming | three samples in order; then the client cancels |
| client streaming | an upload of 2,560 events, 400 KB |
| bidirectional | both sides send at the same time |
| headers first | a chat whose members wait for the response headers before they send |
| cancel | handlers of a watch and of an upload notice that their client has left; half an upload does not look complete |
| cancel, quiet | the same, for a watch that has nothing to send |

Bidirectional streams need HTTP/2, except on [hosts of fetch](fetch.md). All tests run on Node.js, which is here for
comparison.
`;

/** The page of all results. Throws for a failure that no note explains. */
export function page(all: readonly RuntimeResults[]): string {
  const used: string[] = [];
  const sections = all.map((runtime) => section(runtime, used));
  const list = used.map((text, at) => `${at + 1}. ${text}`);
  const footnotes = list.length > 0 ? ["## Why not", list.join("\n")] : [];
  return [intro.trimEnd(), ...sections, ...footnotes].join("\n\n").concat("\n");
}

function section({ runtime, version, rows }: RuntimeResults, used: string[]): string {
  const title = runtime === "Node.js" ? runtime : `${runtime} ${version}`;
  const head = ["entry point", ...columns];
  const lines = rows.map(({ row, results }) => {
    const cells = columns.map((column) => {
      const result = results.find((one) => one.column === column);
      return result ? cell(row, result, used) : "";
    });
    return [row.entryPoint, ...cells];
  });
  const table = [head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`);
  return `## ${title}\n\n${table.join("\n")}`;
}

function cell(row: Row, { column, failure }: ScenarioResult, used: string[]): string {
  if (failure === undefined) return "yes";
  const note = notes.find((one) => one.applies(row, column));
  if (!note) {
    throw new Error(`${row.runtime}, ${row.entryPoint}, ${column}: no note explains "${failure}"`);
  }
  if (!used.includes(note.text)) used.push(note.text);
  return `no (${used.indexOf(note.text) + 1})`;
}
