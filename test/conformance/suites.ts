// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { programUnderTest, root } from "./prepare.js";

/** Part of a suite: one run of the runner. */
export interface Part {
  readonly args: readonly string[];
  /** Stops a run that hangs, in milliseconds. */
  readonly limitMs: number;
}

/** What the runner is run for. */
export interface Suite {
  readonly name: "server" | "client" | "stock";
  readonly title: string;
  /** How many cases the configuration has: fewer means that some were lost on the way. */
  readonly cases: number;
  /** Parts of one step run side by side, the steps one after the other. */
  readonly steps: readonly (readonly Part[])[];
}

/** Ten times what a step takes on an idle machine with two cores. */
const LIMIT_MS = 900_000;

/**
 * Half of a second goes into each of these cases, in the runner, which compares 200 KB of message
 * on one thread. So they are split between two runners; and they are kept apart from the others,
 * some of which expect to be served within milliseconds.
 */
const SIZES = "Server Message Size";

/** Those that grpc-go calls; the runner leaves them out when calls of its own client hang. */
const GRPC_GO = `${SIZES}/**/(grpc client impl)/**`;

/** Cases that look at the clock: few at a time, so that a busy machine does not fail them. */
const TIMED = ["Deadline Propagation/**", "Timeouts/**"];
const run = TIMED.flatMap((cases) => ["--run", cases]);
const skip = TIMED.flatMap((cases) => ["--skip", cases]);
const FEW = "4";
const MANY = "32";

/** `argument`: what to serve with, or how many calls a client may have open. */
function part(mode: "server" | "client", argument: string, ...args: string[]): Part {
  const config = join(root, "test/conformance/config.yaml");
  const command = [process.execPath, programUnderTest(mode), argument];
  return {
    args: ["--mode", mode, "--conf", config, ...args, "--", ...command],
    limitMs: LIMIT_MS,
  };
}

/** Calls that hang must not hold up the others, which takes many at a time. */
function stockSizes(cases: string, ...args: string[]): Part {
  return part("server", "stock", "-p", "64", "--run", cases, ...args);
}

export const suites: readonly Suite[] = [
  {
    name: "server",
    title: "generated handlers on streamNodeAdapter",
    cases: 5266,
    steps: [
      [
        part("server", "stream", "--run", `${SIZES}/**/TLS:false/**`),
        part("server", "stream", "--run", `${SIZES}/**/TLS:true/**`),
      ],
      [part("server", "stream", "--skip", `${SIZES}/**`, ...skip)],
      [part("server", "stream", "-p", FEW, ...run)],
    ],
  },
  {
    name: "client",
    title: "generated client on createStreamTransport",
    cases: 6556,
    steps: [[part("client", MANY, ...skip)], [part("client", FEW, ...run)]],
  },
  {
    name: "stock",
    title: "generated handlers on connectNodeAdapter",
    cases: 5266,
    steps: [
      [
        stockSizes(`${SIZES}/HTTPVersion:2/**/TLS:false/**`, "--skip", GRPC_GO),
        stockSizes(`${SIZES}/HTTPVersion:2/**/TLS:true/**`),
      ],
      [stockSizes(`${SIZES}/HTTPVersion:1/**`), stockSizes(GRPC_GO)],
      [part("server", "stock", "--skip", `${SIZES}/**`, ...skip)],
      [part("server", "stock", "-p", FEW, ...run)],
    ],
  },
];
