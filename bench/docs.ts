// SPDX-License-Identifier: Apache-2.0
import { readFileSync, writeFileSync } from "node:fs";
import { allCases } from "./cases.js";
import { comparedPeers } from "./peers/peer.js";
import { cpuTable, memoryTable, sidesTable, speedTable } from "./report.js";
import type { Report } from "./results.js";

const page = new URL("../docs/performance.md", import.meta.url);

/** Peers that have a table of their own: what they cost by the side of ours without. */
const observers = ["ours-observer", "ours-otel"];

/** Writes a report's tables into docs/performance.md. */
export function writeDocs(report: Report): void {
  const blocks = docsOf(report);
  const text = readFileSync(page, "utf8");
  const filled = Object.entries(blocks).reduce((all, [name, body]) => fill(all, name, body), text);
  writeFileSync(page, filled);
}

/**
 * What stands between which markers. Throws if peers that the page compares are missing: half of a
 * table is none.
 */
export function docsOf(report: Report): Record<string, string> {
  if (observers.some((label) => report.contestants.includes(label))) {
    return { observers: `${origin(report)}\n\n${sidesTable(report, observers)}` };
  }
  const missing = comparedPeers.filter((peer) => !report.contestants.includes(peer));
  if (missing.length > 0) throw new Error(`the docs need all peers: ${missing.join(", ")} missing`);
  const [failure] = report.failures;
  if (failure !== undefined) throw new Error(`the docs need all cases: ${failure}`);
  const left = allCases.find(({ name }) => !report.cases.some((each) => each.name === name));
  if (left) throw new Error(`the docs need all cases: ${left.name} is missing`);
  const [major] = (report.versions["Node.js"] ?? "").split(".");
  return { [`node-${major}`]: mainTables(report) };
}

function mainTables(report: Report): string {
  const protocols = [
    ["grpc", "gRPC"],
    ["connect", "Connect"],
    ["grpc-web", "gRPC-Web"],
  ] as const;
  const sections = protocols.flatMap(([protocol, title]) => [
    `### ${title}: how many times as fast`,
    speedTable(report, protocol),
    `### ${title}: CPU a call or message, µs`,
    cpuTable(report, protocol),
  ]);
  const memory = Object.values(report.memory).flatMap((result) => [
    `### ${result.title[0]?.toUpperCase()}${result.title.slice(1)}`,
    memoryTable(result),
  ]);
  return [origin(report), ...sections, ...memory].join("\n\n");
}

/** Where the figures come from. */
function origin({ versions, machine, rounds, ms, quick, nodeFlags }: Report): string {
  const made = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const how = [`medians of ${rounds} × ${ms} ms`, ...(quick ? ["a quick run"] : []), ...nodeFlags];
  return `${made.join(", ")}; ${machine}; ${how.join(", ")}.`;
}

/** Puts `body` between the markers of that name. Throws if there are none. */
export function fill(text: string, name: string, body: string): string {
  const [begin, end] = [`<!-- bench: ${name} -->`, `<!-- /bench: ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/performance.md has no ${begin} … ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`;
}
