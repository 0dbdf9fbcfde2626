// SPDX-License-Identifier: Apache-2.0

/** A table in Markdown. The first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, at) => pad(row[at] ?? "", width, at)).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => `${"-".repeat(width + 1)}${at ? ":" : "-"}`).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** With the digits that count: 0.003, 0.25, 2.5, 25, 250. Nothing for what was not measured. */
export function digits(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return "";
  if (value >= 10) return Math.round(value).toLocaleString("en");
  if (value < 0.01) return value.toPrecision(1);
  return value.toFixed(value >= 1 ? 1 : 2);
}

/** "12 %". */
export function percent(share: number): string {
  return Number.isNaN(share) ? "" : `${Math.round(share * 100)} %`;
}
