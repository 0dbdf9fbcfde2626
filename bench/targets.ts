// SPDX-License-Identifier: Apache-2.0
import { type Case, callTitles, LARGE, SMALL } from "./cases.js";
import type { Calls } from "./peers/peer.js";
import { medianRatio, table } from "./report.js";
import type { Measure, Result } from "./throughput.js";

/** A case with all that was measured of it. */
export interface Measured {
  readonly kase: Case;
  readonly results: readonly Result[];
}

/** How many times as many messages a second ours is to do. */
interface Target {
  readonly connectEs: number;
  readonly grpcJs: number;
}

const small: Record<keyof Calls, Target> = {
  watch: { connectEs: 4, grpcJs: 3 },
  collect: { connectEs: 4, grpcJs: 3 },
  exchange: { connectEs: 4, grpcJs: 3 },
  pingPong: { connectEs: 1.4, grpcJs: 1 },
};
const large: Target = { connectEs: 1.2, grpcJs: 1.2 };

/** CPU a message, ours by that of the limit and of grpc-js's server. */
const MAX_CPU_OF_LIMIT = 1.5;
const MAX_CPU_UNDER_GRPC_JS = 1;

/** What was to be reached, and what was, for the cases that have targets. */
export function targetTable(measured: readonly Measured[]): string {
  const rows = measured.flatMap(({ kase, results }) => {
    const target = targetOf(kase);
    return target ? [row(kase, results, target)] : [];
  });
  const head = [
    "ours, 1 stream, gRPC",
    "× connect-es",
    "× grpc-js",
    "server CPU by the limit's",
    "client CPU by the limit's",
    "server CPU under a grpc-js client by grpc-js's",
  ];
  return `### Targets: the figure, and what it is to be\n\n${table(head, rows)}\n`;
}

function targetOf({ call, size, streams, protocol }: Case): Target | undefined {
  if (streams !== 1 || protocol !== "grpc" || call === "short") return undefined;
  if (size === SMALL) return small[call];
  return size === LARGE && call !== "pingPong" ? large : undefined;
}

function row({ call, size }: Case, results: readonly Result[], target: Target): string[] {
  const find = (label: string) => results.find(({ contestant }) => contestant.label === label);
  const ours = find("ours");
  const server = (measure: Measure) => measure.serverMicros;
  const client = (measure: Measure) => measure.clientMicros;
  const rate = (measure: Measure) => measure.rate;
  const cell = (
    a: Result | undefined,
    b: Result | undefined,
    value: (measure: Measure) => number,
    wanted: string,
  ) => (a && b ? `${medianRatio(a, b, value).toFixed(2)} (${wanted})` : "");
  const limit = size === SMALL ? `≤ ${MAX_CPU_OF_LIMIT}` : "no target";
  const under = size === SMALL ? `≤ ${MAX_CPU_UNDER_GRPC_JS}` : "no target";
  return [
    `${callTitles[call]}, ${size === SMALL ? `${size} B` : "64 KiB"}`,
    cell(ours, find("connect-es"), rate, `≥ ${target.connectEs}`),
    cell(ours, find("grpc-js"), rate, `≥ ${target.grpcJs}`),
    cell(ours, find("raw"), server, limit),
    cell(ours, find("raw"), client, limit),
    cell(find("ours, grpc-js client"), find("grpc-js"), server, under),
  ];
}
