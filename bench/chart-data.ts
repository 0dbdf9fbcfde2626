// SPDX-License-Identifier: Apache-2.0
/** A bar: who, how many messages a second, and the cell of the table that says so. */
export interface Bar {
  readonly label: string;
  readonly rate: number;
  /** "457,929" for ours, "4.0" for how many times as fast as this peer ours is. */
  readonly cell: string;
}

/** A case, with a bar for each peer. */
export interface Group {
  readonly title: string;
  readonly bars: readonly Bar[];
}

export interface ChartData {
  /** "Node.js 24". */
  readonly platform: string;
  readonly groups: readonly Group[];
}

/** Rows and columns of the table that the chart shows. */
const cases = [
  "server streaming",
  "client streaming",
  "bidirectional, pipelined",
  "unary, 32 at a time",
];
const peers = ["Connect-ES", "grpc-js", "nice-grpc"];

const heading = "### gRPC: how many times as fast\n";
const block = /<!-- bench: node-(\d+) -->(.*?)<!-- \/bench: node-\1 -->/gs;

/** What the chart shows, from the gRPC table of docs/performance.md: that of the newest Node.js. */
export function chartData(page: string): ChartData {
  const newest = [...page.matchAll(block)]
    .filter(([, , body = ""]) => body.includes(heading))
    .sort(([, a], [, b]) => Number(b) - Number(a))[0];
  if (!newest) throw new Error(`docs/performance.md has no table "${heading.trim()}"`);
  const [, major, body = ""] = newest;
  const rows = parseTable(body.slice(body.indexOf(heading) + heading.length));
  return { platform: `Node.js ${major}`, groups: cases.map((title) => groupOf(title, rows)) };
}

type Row = ReadonlyMap<string, string>;

/** The first table of `text`: for each row, its cells by the heads of their columns. */
function parseTable(text: string): Row[] {
  const lines = text.trimStart().split("\n");
  const end = lines.findIndex((line) => !line.startsWith("|"));
  const [head = [], , ...rows] = lines.slice(0, end).map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
  return rows.map((cells) => new Map(cells.map((cell, at) => [head[at] ?? "", cell])));
}

function groupOf(title: string, rows: readonly Row[]): Group {
  const row = rows.find((each) => each.get("case") === title);
  if (!row) throw new Error(`docs/performance.md has no row "${title}"`);
  const cellOf = (column: string) => {
    const cell = row.get(column);
    if (!cell) throw new Error(`docs/performance.md has no "${column}" for "${title}"`);
    return { cell, value: Number(cell.replaceAll(",", "")) };
  };
  const ours = cellOf("ours, a second");
  const others = peers.map((label) => {
    const { cell, value } = cellOf(`× ${label}`);
    return { label, cell, rate: ours.value / value };
  });
  return {
    title,
    bars: [{ label: "connect-stream", cell: ours.cell, rate: ours.value }, ...others],
  };
}
