// SPDX-License-Identifier: Apache-2.0
import { parseArgs } from "node:util";
import { allCases, type Case, type MemoryCase, memoryCases, shortName } from "./cases.js";
import { type Contestant, parseContestant } from "./contestants.js";
import { comparedPeers, peerNames } from "./peers/peer.js";

export const usage = `npm run bench -- [options]

  --quick           fewer and shorter measurements: to see that everything works
  --only <a,b>      only these cases: names as of --list, with or without the protocol; or regular
                    expressions
  --peers <a,b>     only these of: ${peerNames.join(", ")};
                    "ours:grpc-js" is our server with grpc-js's client; ratios are of the first;
                    default: ${comparedPeers.join(", ")}
  --rounds <n>      how often each case is measured (default 5, quick 3)
  --ms <n>          how long one measurement is to take, in milliseconds (default 200, quick 100)
  --old-space <MiB> let V8's old space be this large before it collects, as in a process that does
                    more than RPC; default: what a small process gets
  --json <file>     write all that was measured
  --from <file>     measure nothing, take what --json has written
  --docs            write the tables into docs/performance.md
  --list            print the names of the cases
  --help            print this`;

export interface BenchOptions {
  readonly quick: boolean;
  readonly rounds: number;
  readonly ms: number;
  readonly cases: readonly Case[];
  readonly memory: readonly MemoryCase[];
  readonly contestants: readonly Contestant[];
  /** Flags of Node for the processes that are measured. */
  readonly nodeFlags: readonly string[];
  readonly json: string | undefined;
  readonly from: string | undefined;
  readonly docs: boolean;
  readonly list: boolean;
  readonly help: boolean;
}

/** Throws for what it does not know. */
export function parseOptions(args: string[]): BenchOptions {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      only: { type: "string" },
      peers: { type: "string", default: comparedPeers.join(",") },
      rounds: { type: "string" },
      ms: { type: "string" },
      "old-space": { type: "string" },
      json: { type: "string" },
      from: { type: "string" },
      docs: { type: "boolean", default: false },
      list: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  const { quick, docs, list, help, json, from, only, "old-space": oldSpace } = values;
  return {
    ...{ quick, docs, list, help, json, from },
    ...chosenBy(only, quick),
    rounds: positive("rounds", values.rounds ?? (quick ? "3" : "5")),
    ms: positive("ms", values.ms ?? (quick ? "100" : "200")),
    contestants: values.peers.split(",").map(parseContestant),
    nodeFlags:
      oldSpace === undefined ? [] : [`--initial-old-space-size=${positive("old-space", oldSpace)}`],
  };
}

type Chosen = Pick<BenchOptions, "cases" | "memory">;

function positive(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new Error(`--${name} is to be a positive integer, not "${text}"`);
}

/** The cases that `--only` names; without it all that there is time for. */
function chosenBy(only: string | undefined, quick: boolean): Chosen {
  if (only === undefined) return { cases: allCases, memory: quick ? ["idle"] : memoryCases };
  const chosen = new Set(only.split(",").flatMap(namesOf));
  return {
    cases: allCases.filter(({ name }) => chosen.has(name)),
    memory: memoryCases.filter((name) => chosen.has(name)),
  };
}

/** The names of the cases that a name means or, if there is none so called, that match. */
function namesOf(wanted: string): string[] {
  const names = [...allCases.map(({ name }) => name), ...memoryCases];
  const exact = allCases.filter((each) => [each.name, shortName(each)].includes(wanted));
  if (exact.length > 0) return exact.map(({ name }) => name);
  const pattern = new RegExp(wanted);
  const found = names.filter((name) => name === wanted || pattern.test(name));
  if (found.length > 0) return found;
  throw new Error(`there is no case "${wanted}"; there are ${names.join(", ")}`);
}
