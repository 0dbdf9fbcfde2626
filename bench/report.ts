// SPDX-License-Identifier: Apache-2.0
import { allCases, type Case } from "./cases.js";
import type { Protocol } from "./peers/peer.js";
import {
  bothMicros,
  type MemoryResult,
  median,
  medianRatio,
  type Report,
  type Result,
  spread,
  type Value,
} from "./results.js";
import { digits, percent, table } from "./tables.js";

type Measured = Report["cases"][number];

/** One case: a line for each contestant; beside it, the first one's figures by those of the others. */
export function caseTable(kase: Case, results: readonly Result[]): string {
  const [first] = results;
  const rows = results.map((result) => {
    if (result.error !== undefined) return [result.label, "failed"];
    const of = (value: Value) => digits(median(result.measures.map(value)));
    return [
      result.label,
      of(rateOf),
      percent(spread(result.measures.map(rateOf))),
      of(bothMicros),
      of(({ serverMicros }) => serverMicros),
      of(({ clientMicros }) => clientMicros),
      ratio(first, result, rateOf),
      ratio(first, result, bothMicros),
    ];
  });
  const by = `${first?.label} is × as fast`;
  const head = ["", "a second", "±", "CPU µs", "server", "client", by, "at × the CPU"];
  return `### ${kase.name}: ${kase.title}\n\n${table(head, rows)}\n`;
}

/** How many times as fast the first contestant is as the others, in all cases of a protocol. */
export function speedTable(report: Report, protocol: Protocol): string {
  const [first = "", ...others] = inProtocol(report, protocol);
  const rows = casesOf(report, protocol).map(({ kase, find }) => [
    kase.title,
    digits(median(find(first)?.measures.map(rateOf) ?? [])),
    ...others.map((label) => ratio(find(first), find(label), rateOf)),
  ]);
  return table(["case", "ours, a second", ...others.map((label) => `× ${titleOf(label)}`)], rows);
}

/** CPU time a call or message, of all contestants, in all cases of a protocol. */
export function cpuTable(report: Report, protocol: Protocol): string {
  const labels = inProtocol(report, protocol);
  const rows = casesOf(report, protocol).map(({ kase, find }) => [
    kase.title,
    ...labels.map((label) => cpuCell(find(label))),
  ]);
  return table(["case", ...labels.map(titleOf)], rows);
}

/** CPU of each side, by that of the first contestant, in all cases of gRPC. */
export function sidesTable(report: Report, labels: readonly string[]): string {
  const first = report.contestants[0] ?? "";
  const rows = casesOf(report, "grpc").map(({ kase, find }) => [
    kase.title,
    ...labels.flatMap((label) => [
      ratio(find(label), find(first), ({ serverMicros }) => serverMicros),
      ratio(find(label), find(first), ({ clientMicros }) => clientMicros),
    ]),
  ]);
  const head = labels.flatMap((label) => [`${label}: server`, "client"]);
  return table(["case", ...head], rows);
}

/** What open streams hold. */
export function memoryTable({ columns, rows }: MemoryResult): string {
  const cells = rows.map(({ label, values }) => [
    label,
    ...values.map((value) => value.toLocaleString("en", { minimumFractionDigits: 1 })),
  ]);
  return table(["", ...columns], cells);
}

/** The protocol's cases in the report, in the order of all cases. */
export function casesOf(report: Report, protocol: Protocol) {
  return allCases.flatMap((kase) => {
    const measured = report.cases.find(({ name }) => name === kase.name);
    if (kase.setup.protocol !== protocol || measured === undefined) return [];
    return [{ kase, find: (label: string) => find(measured, label) }];
  });
}

function find({ results }: Measured, label: string): Result | undefined {
  return results.find((result) => result.label === label && result.error === undefined);
}

/** Those who take part in a case of the protocol. */
function inProtocol(report: Report, protocol: Protocol): string[] {
  const cases = casesOf(report, protocol);
  return report.contestants.filter((label) => cases.some(({ find }) => find(label)));
}

/** "375 (190 + 185)": both sides, server and client. */
function cpuCell(result: Result | undefined): string {
  if (result === undefined) return "";
  const of = (value: Value) => digits(median(result.measures.map(value)));
  const sides = `${of(({ serverMicros }) => serverMicros)} + ${of(({ clientMicros }) => clientMicros)}`;
  return `${of(bothMicros)} (${sides})`;
}

/** Calls or messages a second. */
export const rateOf: Value = ({ rate }) => rate;

/** How many times `a` has what `b` has; nothing if one of them was not measured. */
export function ratio(a: Result | undefined, b: Result | undefined, value: Value): string {
  return a && b ? digits(medianRatio(a, b, value)) : "";
}

function titleOf(label: string): string {
  if (label === "connect-es") return "Connect-ES";
  return label === "raw" ? "limit" : label;
}
