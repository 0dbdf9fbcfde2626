// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { chartData } from "./chart-data.js";
import { chartSvg } from "./chart-svg.js";

const page = new URL("../docs/performance.md", import.meta.url);
const images = new URL("../docs/images/", import.meta.url);

/** Draws the README's chart, from the tables of docs/performance.md. */
export function drawChart(): void {
  const data = chartData(readFileSync(page, "utf8"));
  mkdirSync(images, { recursive: true });
  for (const theme of ["light", "dark"] as const) {
    const name = `bench-${theme}.svg`;
    writeFileSync(new URL(name, images), chartSvg(data, theme));
    console.log(`wrote docs/images/${name}`);
  }
}
