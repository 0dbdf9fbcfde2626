// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import { comparedPeers, type PeerName, peerNames } from "./peers/peer.js";

export const usage = `npm run bench -- [options]

  --quick           the cases that have targets, small numbers of rounds; under three minutes
  --rounds <n>      how often each case is measured (default 11, quick 9)
  --ms <n>          how long one measurement is to take, in milliseconds (default 200, quick 150)
  --only <text>     cases whose name matches this regular expression; a name is
                    <call>/<bytes>/<streams>/<protocol>, or "idle", or "stopped-reader"
  --peers <a,b>     only these of: ${peerNames.join(", ")};
                    default: ${comparedPeers.join(", ")}
  --old-space <MiB> let V8's old space be this large before it collects, as in a process that does
                    more than stream; default: what a small process gets
  --list            print the names of the cases
  --help            print this`;

export interface BenchOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly ms: number;
  readonly only: RegExp;
  readonly peers: readonly PeerName[];
  /** Flags of Node for the processes that are measured. */
  readonly nodeFlags: readonly string[];
  readonly list: boolean;
  readonly help: boolean;
}

/** Throws for what it does not know. */
export function parseOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      ms: { type: "string" },
      only: { type: "string", default: "" },
      peers: { type: "string", default: comparedPeers.join(",") },
      "old-space": { type: "string" },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { quick, list, help, "old-space": oldSpace } = values;
  return {
    nodeFlags: oldSpace === undefined ? [] : [`--initial-old-space-size=${Number(oldSpace)}`],
    quick,
    list,
    help,
    rounds: Number(values.rounds ?? (quick ? 9 : 11)),
    ms: Number(values.ms ?? (quick ? 150 : 200)),
    only: new RegExp(values.only),
    peers: values.peers.split(",").map(peerName),
  };
}

function peerName(text: string): PeerName {
  const name = peerNames.find((known) => known === text);
  if (name) return name;
  throw new Error(`there is no peer "${text}"; there are ${peerNames.join(", ")}`);
}
