// SPDX-License-Identifier: Apache-2.0
import { type Case, callTitles } from "./cases.js";
import type { Measure, Result } from "./throughput.js";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low = Number.NaN, high = low] = sorted.slice(
    Math.ceil(middle) - 1,
    Math.floor(middle) + 1,
  );
  return (low + high) / 2;
}

/** A table in Markdown. The first column is text, the others are numbers. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, at) => (at ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))).join(" | ")} |`;
  const rule = `|${widths.map((width, at) => `${"-".repeat(width + 1)}${at ? ":" : "-"}`).join("|")}|`;
  return [line(head), rule, ...rows.map(line)].join("\n");
}

/** One case: a line for each contestant, beside it how many times ours does. */
export function caseTable(kase: Case, results: readonly Result[]): string {
  const ours = results.find(({ contestant }) => contestant.label === "ours");
  const rows = results.map((result) => {
    const of = (value: (measure: Measure) => number) => median(result.measures.map(value));
    const rate = of((measure) => measure.rate);
    return [
      result.contestant.label,
      Math.round(rate).toLocaleString("en"),
      ((rate * kase.size) / 1e6).toFixed(1),
      of((measure) => measure.serverMicros).toFixed(2),
      of((measure) => measure.clientMicros).toFixed(2),
      ratio(ours, result, (measure) => measure.rate),
      ratio(result, ours, (measure) => measure.serverMicros),
      ratio(result, ours, (measure) => measure.clientMicros),
    ];
  });
  const head = [
    "",
    "messages/s",
    "MB/s",
    "server µs",
    "client µs",
    "ours is × as fast",
    "× our server µs",
    "× our client µs",
  ];
  return `${title(kase)}\n\n${table(head, rows)}\n`;
}

function title({ call, size, streams, protocol }: Case): string {
  const bytes = size < 1024 ? `${size} B` : `${size / 1024} KiB`;
  const many = streams === 1 ? "1 stream" : `${streams} streams`;
  return `### ${callTitles[call]}, ${bytes}, ${many}, ${protocol}`;
}

function ratio(
  a: Result | undefined,
  b: Result | undefined,
  value: (measure: Measure) => number,
): string {
  return a && b ? medianRatio(a, b, value).toFixed(2) : "";
}

/** A value of `a` by that of `b`, the median over the rounds: what slows a round down slows both. */
export function medianRatio(a: Result, b: Result, value: (measure: Measure) => number): number {
  const ratios = a.measures.map((measure, round) => {
    const other = b.measures[round];
    return other ? value(measure) / value(other) : Number.NaN;
  });
  return median(ratios);
}
