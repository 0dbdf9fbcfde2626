// SPDX-License-Identifier: Apache-2.0
import { shortName } from "./cases.js";
import { type PeerName, peerNames } from "./peers/peer.js";
import { casesOf, rateOf, ratio } from "./report.js";
import type { Report } from "./results.js";
import { digits, table } from "./tables.js";

/** How many times as fast as a peer ours is to be; two figures: now, and on an HTTP/2 of our own. */
type Goals = Partial<Record<PeerName, readonly number[]>>;

const small: Goals = {
  "connect-es": [4, 6],
  "grpc-js": [3, 4],
  "connect-go": [2.5],
  "grpc-go": [0.4],
};
const busyCall: Goals = { "connect-es": [4, 15], "grpc-js": [1.1, 5] };
const singleCall: Goals = { "connect-es": [2.5, 5], "grpc-js": [1, 2.5] };

/** Of gRPC's cases. */
const goals: Readonly<Record<string, Goals>> = {
  "unary-32": { ...busyCall, "connect-go": [2], "grpc-go": [1] },
  "unary-1": { ...singleCall, "connect-go": [1], "grpc-go": [0.7] },
  "unary-32-auth": busyCall,
  "unary-1-auth": singleCall,
  "short-32": { "connect-es": [3, 15], "grpc-js": [0.9, 5], "connect-go": [2], "grpc-go": [1] },
  "ping-pong": { "connect-es": [1.4, 3], "grpc-js": [1, 2], "connect-go": [1], "grpc-go": [0.7] },
  watch: small,
  collect: small,
  exchange: small,
  "watch-100": small,
  "collect-100": small,
  "exchange-100": small,
  "watch-1k": { "connect-es": [3], "grpc-js": [2] },
  "watch-1k-gzip": { "connect-es": [2] },
  "watch-64k": { "connect-es": [2, 3], "grpc-js": [1.2, 2], "connect-go": [1], "grpc-go": [0.5] },
  "watch-64k-gzip": { "connect-es": [1.3] },
};

/** Heap of an idle bidirectional stream, server and client, by grpc-js's: at most. */
const IDLE_HEAP = 0.6;

/** What is to be reached, and what is, where there are goals. Empty if nothing of it was measured. */
export function goalTable(report: Report): string {
  const peers = peerNames.filter((peer) => Object.values(goals).some((goal) => goal[peer]));
  const rows = casesOf(report, "grpc").flatMap(({ kase, find }) => {
    const goal = goals[shortName(kase)];
    if (goal === undefined || find("ours") === undefined) return [];
    const cell = (peer: PeerName) => {
      const reached = ratio(find("ours"), find(peer), rateOf);
      return reached && goal[peer] ? `${reached} (${goal[peer].join("; ")})` : reached;
    };
    const cells = peers.map(cell);
    return cells.some((text) => text !== "") ? [[kase.title, ...cells]] : [];
  });
  if (rows.length === 0) return idleGoal(report);
  const title = "### How many times as fast ours is, and (what is to be)";
  return `${title}\n\n${table(["case", ...peers], rows)}\n${idleGoal(report)}`;
}

function idleGoal({ memory: { idle } }: Report): string {
  const heap = (peer: PeerName) => idle?.rows.find(({ label }) => label === peer)?.values ?? [];
  const [ours, theirs] = [heap("ours"), heap("grpc-js")];
  const by = (side: number) => digits((ours[side] ?? Number.NaN) / (theirs[side] ?? Number.NaN));
  if (by(0) === "") return "";
  return `\nHeap of an idle stream by grpc-js's (at most ${IDLE_HEAP}): server ${by(0)}, client ${by(1)}\n`;
}
