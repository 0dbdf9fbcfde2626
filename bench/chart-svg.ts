// SPDX-License-Identifier: Apache-2.0
import type { Bar, ChartData, Group } from "./chart-data.js";

export type Theme = "light" | "dark";

/** Colours of text, of secondary text, of our bars and of the others', on GitHub's two backgrounds. */
const colours = {
  light: { text: "#1f2328", muted: "#59636e", ours: "#0969da", other: "#afb8c1" },
  dark: { text: "#f0f6fc", muted: "#9198a1", ours: "#4493f8", other: "#484f58" },
} as const;

/** In pixels. Bars begin at `left`; figures stand right of them. */
const size = { width: 760, left: 140, bar: 480, row: 19, thick: 13, title: 26, gap: 12, top: 62 };
const groupHeight = ({ bars }: Group) => size.title + bars.length * size.row + size.gap;

/** The chart as SVG. Its text is that of the table, so that a test can compare them. */
export function chartSvg({ platform, groups }: ChartData, theme: Theme): string {
  const height = size.top + groups.reduce((sum, group) => sum + groupHeight(group), 0);
  let y = size.top;
  const body = groups.flatMap((group) => {
    const lines = groupLines(group, y);
    y += groupHeight(group);
    return lines;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${height}" role="img">`,
    `<title>gRPC on ${platform}: calls or messages a second</title>`,
    style(theme),
    text(0, 22, "head", `gRPC on ${platform}: calls or messages a second`),
    text(0, 44, "muted", "Everybody as users have it by default. Longer bars are faster."),
    ...body,
    "</svg>\n",
  ].join("\n");
}

function style(theme: Theme): string {
  const { text, muted, ours, other } = colours[theme];
  return [
    "<style>",
    `text { font: 14px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: ${text}; }`,
    ".head { font-size: 18px; font-weight: 600; }",
    ".case, .ours-text { font-weight: 600; }",
    `.muted { fill: ${muted}; }`,
    `.ours { fill: ${ours}; }`,
    `.other { fill: ${other}; }`,
    "</style>",
  ].join("\n");
}

function groupLines({ title, bars }: Group, y: number): string[] {
  const most = Math.max(...bars.map(({ rate }) => rate));
  const rows = bars.flatMap((bar, at) =>
    barLines(bar, at === 0, y + size.title + at * size.row, most),
  );
  return [text(0, y + 16, "case", title), ...rows];
}

function barLines({ label, rate, cell }: Bar, ours: boolean, y: number, most: number): string[] {
  const width = Math.max(2, Math.round((rate / most) * size.bar));
  const kind = ours ? "ours" : "other";
  const textClass = ours ? "ours-text" : "muted";
  const figure = ours ? cell : `ours × ${cell}`;
  return [
    text(0, y + 11, textClass, label),
    `<rect class="${kind}" x="${size.left}" y="${y}" width="${width}" height="${size.thick}" rx="2"/>`,
    text(size.left + width + 8, y + 11, textClass, figure),
  ];
}

function text(x: number, y: number, kind: string, content: string): string {
  return `<text class="${kind}" x="${x}" y="${y}">${content}</text>`;
}
