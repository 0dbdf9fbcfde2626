// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import { allCases } from "../../bench/cases.js";
import { docsOf, fill } from "../../bench/docs.js";
import { comparedPeers } from "../../bench/peers/peer.js";
import { caseTable, speedTable } from "../../bench/report.js";
import { median, medianRatio, type Report, type Result, spread } from "../../bench/results.js";

const rates = (label: string, ...all: number[]): Result => ({
  label,
  measures: all.map((rate) => ({ rate, serverMicros: 100 / rate, clientMicros: 200 / rate })),
});

const report: Report = {
  versions: { "Node.js": "20.20.2", "grpc-js": "1.14.7" },
  machine: "2 × processor",
  quick: false,
  rounds: 3,
  ms: 200,
  nodeFlags: [],
  contestants: comparedPeers,
  cases: allCases.map(({ name }) => ({
    name,
    results: [rates("ours", 20, 40, 60), rates("grpc-js", 10, 10, 20)],
  })),
  memory: {
    idle: { title: "idle streams", columns: ["heap"], rows: [{ label: "ours", values: [9] }] },
  },
  failures: [],
};

it("compares round by round, so that a slow round slows both", () => {
  const ours = rates("ours", 200, 20, 210);
  expect(medianRatio(ours, rates("grpc-js", 100, 10, 100), ({ rate }) => rate)).toBe(2);
  expect(median([200, 20, 210, 30])).toBe(115);
  expect(spread([90, 100, 110])).toBeCloseTo(0.05);
});

it("has a line for each contestant, and says who failed", () => {
  const [kase] = allCases;
  if (kase === undefined) throw new Error("no case");
  const failed = { label: "raw", measures: [], error: "it exited (1)" };
  const lines = caseTable(kase, [rates("ours", 20), rates("grpc-js", 10), failed]).split("\n");
  const cells = lines.map((line) =>
    line
      .split("|")
      .map((cell) => cell.trim())
      .slice(1, -1),
  );
  expect(lines[0]).toBe("### grpc/unary-32: unary, 32 at a time");
  expect(cells).toContainEqual(["ours", "20", "0 %", "15", "5.0", "10", "1.0", "1.0"]);
  expect(cells).toContainEqual(["grpc-js", "10", "0 %", "30", "10", "20", "2.0", "0.50"]);
  expect(cells).toContainEqual(["raw", "failed", "", "", "", "", "", ""]);
});

it("leaves cells empty for those who do not speak the protocol", () => {
  const [head, , row] = speedTable(report, "grpc").split("\n");
  expect(head).toMatch(/^\| case +\| ours, a second \| × grpc-js \|$/);
  expect(row).toMatch(/^\| unary, 32 at a time +\| +40 \| +3\.0 \|$/);
});

it("writes the tables of a run beside those of another version of Node.js", () => {
  const blocks = docsOf(report);
  expect(Object.keys(blocks)).toEqual(["node-20"]);
  expect(blocks["node-20"]).toContain(
    "Node.js 20.20.2, grpc-js 1.14.7; 2 × processor; medians of 3 × 200 ms.\n\n### gRPC: how many times as fast\n\n| case",
  );
  const page = "# Page\n\n<!-- bench: node-20 -->\nold\n<!-- /bench: node-20 -->\n\nend\n";
  expect(fill(page, "node-20", "new")).toBe(
    "# Page\n\n<!-- bench: node-20 -->\n\nnew\n\n<!-- /bench: node-20 -->\n\nend\n",
  );
  expect(() => fill(page, "node-24", "new")).toThrow("has no <!-- bench: node-24 -->");
});

it("writes no table that lacks peers or cases", () => {
  expect(() => docsOf({ ...report, contestants: ["ours", "raw"] })).toThrow("connect-es");
  expect(() => docsOf({ ...report, cases: report.cases.slice(1) })).toThrow(
    "grpc/unary-32 is missing",
  );
  expect(() => docsOf({ ...report, failures: ["grpc/watch, raw: it exited"] })).toThrow(
    "it exited",
  );
});

it("has a table of its own for observers", () => {
  const contestants = ["ours", "ours-observer", "ours-otel"];
  const results = [rates("ours", 20), rates("ours-observer", 10), rates("ours-otel", 5)];
  const { observers } = docsOf({
    ...report,
    contestants,
    cases: [{ name: "grpc/watch", results }],
  });
  expect(observers).toMatch(/\| server streaming \| +2\.0 \| +2\.0 \| +4\.0 \| +4\.0 \|/);
});
