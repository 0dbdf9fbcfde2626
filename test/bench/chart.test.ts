// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { chartData } from "../../bench/chart-data.js";
import { chartSvg } from "../../bench/chart-svg.js";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const page = read("docs/performance.md");

describe.each(["light", "dark"] as const)("the README's %s chart", (theme) => {
  const svg = read(`docs/images/bench-${theme}.svg`);

  it("is what `npm run chart` draws", () => {
    expect(svg).toBe(chartSvg(chartData(page), theme));
  });

  it("has figures of the table, and no other", () => {
    const texts = [...svg.matchAll(/<text [^>]*>(.*?)<\/text>/g)].map(([, text = ""]) => text);
    const figures = texts.flatMap((text) => /^(?:ours × )?([\d.,]+)$/.exec(text)?.[1] ?? []);
    expect(figures).toHaveLength(16);
    const { platform, groups } = chartData(page);
    // The tables of that version alone.
    const newest = `<!-- bench: ${platform.toLowerCase().replace(".js ", "-")} -->`;
    const tables = page.slice(page.indexOf(newest));
    for (const group of groups) {
      const row = tables.split("\n").find((line) => line.startsWith(`| ${group.title} `)) ?? "";
      const cells = row.split("|").map((cell) => cell.trim());
      expect(texts).toContain(group.title);
      expect(cells).toEqual(expect.arrayContaining(figures.splice(0, group.bars.length)));
    }
  });
});

const table = (rate: string) =>
  [
    "### gRPC: how many times as fast\n",
    "| case | ours, a second | × Connect-ES | × grpc-js | × nice-grpc |",
    "|------|---:|---:|---:|---:|",
    ...[
      "server streaming",
      "client streaming",
      "bidirectional, pipelined",
      "unary, 32 at a time",
    ].map((name) => `| ${name} | ${rate} | 4.0 | 0.50 | 2.0 |`),
    "",
  ].join("\n");
const node = (major: number, body: string) =>
  `<!-- bench: node-${major} -->\n${body}\n<!-- /bench: node-${major} -->\n`;

it("draws the newest Node.js that has a table", () => {
  const { platform, groups } = chartData(
    [node(20, table("1,000")), node(22, table("2,000")), node(24, "")].join("\n"),
  );
  expect(platform).toBe("Node.js 22");
  expect(groups[0]?.bars.map(({ label, rate }) => [label, rate])).toEqual([
    ["connect-stream", 2000],
    ["Connect-ES", 500],
    ["grpc-js", 4000],
    ["nice-grpc", 1000],
  ]);
});

it("draws nothing from half a table", () => {
  expect(() => chartData("")).toThrow("has no table");
  const lacking = table("1,000").replace("× grpc-js", "× another");
  expect(() => chartData(node(20, lacking))).toThrow('no "× grpc-js" for "server streaming"');
});
