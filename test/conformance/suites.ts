// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { programUnderTest, root } from "./prepare.js";
import { type UpstreamFault, upstreamFaults } from "./upstream.js";

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
  /** Two parts of a step run at a time, the steps one after the other. */
  readonly steps: readonly (readonly Part[])[];
  /** What is known to fail, for reasons that are not ours. */
  readonly faults: readonly UpstreamFault[];
}

/** Ten times what a step takes on an idle machine with two cores. */
const LIMIT_MS = 900_000;

/**
 * Half of a second goes into each of these cases, in the runner, which compares 200 KB of message
 * on one thread. So they are split between two runners; and they are kept apart from the others,
 * some of which expect to be served within milliseconds.
 */
const SIZES = "Server Message Size";

/** Cases that look at the clock: few at a time, so that a busy machine does not fail them. */
const TIMED = ["Deadline Propagation/**", "Timeouts/**"];
const FEW = "4";
const MANY = "32";
const timed = flags("--run", TIMED);
const untimed = flags("--skip", TIMED);

function flags(flag: "--run" | "--skip", patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => [flag, pattern]);
}

/** `argument`: what to serve with, or how many calls a client may have open. */
function part(mode: "server" | "client", argument: string, args: readonly string[]): Part {
  const config = join(root, "test/conformance/config.yaml");
  const command = [process.execPath, programUnderTest(mode), argument];
  return {
    args: ["--mode", mode, "--conf", config, ...args, "--", ...command],
    limitMs: LIMIT_MS,
  };
}

const stream = (...args: string[]): Part => part("server", "stream", args);
const stock = (...args: string[]): Part => part("server", "stock", args);

/** Requests that are refused while the client has more to send than HTTP/2 lets it: see upstream.ts. */
const HANGING = [
  "client-stream/first-request-exceeds-server-limit",
  "client-stream/subsequent-request-exceeds-server-limit",
  "bidi-stream/half-duplex/first-request-exceeds-server-limit",
  "bidi-stream/half-duplex/subsequent-request-exceeds-server-limit",
  "bidi-stream/full-duplex/first-request-exceeds-server-limit",
].map((name) => `${SIZES}/HTTPVersion:2/*/Compression:COMPRESSION_IDENTITY/*/${name}`);

const REFUSED = [
  "unary/request-exceeds-server-limit",
  "server-stream/request-exceeds-server-limit",
  "client-stream/first-request-exceeds-server-limit",
  "client-stream/subsequent-request-exceeds-server-limit",
];
const COMPRESSIONS = ["IDENTITY", "GZIP", "BR"];

/**
 * Over HTTP/1.1 Connect-Node before 2.3 stops reading a request that it refuses, and leaves the
 * socket paused. Whatever call comes next on the connection is reset by Node's keep-alive timeout.
 * So each of these is the only case on its connection: a run has four, on servers of their own (two
 * protocols, with TLS and without).
 */
const REFUSED_ON_1 = COMPRESSIONS.flatMap((compression) =>
  REFUSED.map(
    (name) => `${SIZES}/HTTPVersion:1/*/Compression:COMPRESSION_${compression}/*/${name}`,
  ),
);

/** Those that hang do it together, on all six servers, while the other runner does HTTP/1.1. */
const stockSizes: readonly Part[] = [
  stock("--max-servers", "6", "-p", "30", ...flags("--run", HANGING)),
  ...REFUSED_ON_1.map((pattern) => stock("--run", pattern)),
  stock("--run", `${SIZES}/HTTPVersion:1/**`, ...flags("--skip", REFUSED_ON_1)),
  stock("--run", `${SIZES}/HTTPVersion:2/**/TLS:false/**`, ...flags("--skip", HANGING)),
  stock("--run", `${SIZES}/HTTPVersion:2/**/TLS:true/**`, ...flags("--skip", HANGING)),
];

export const suites: readonly Suite[] = [
  {
    name: "server",
    title: "generated handlers on streamNodeAdapter",
    cases: 5266,
    steps: [
      [stream("--run", `${SIZES}/**/TLS:false/**`), stream("--run", `${SIZES}/**/TLS:true/**`)],
      [stream("--skip", `${SIZES}/**`, ...untimed)],
      [stream("-p", FEW, ...timed)],
    ],
    faults: [],
  },
  {
    name: "client",
    title: "generated client on createStreamTransport",
    cases: 6556,
    steps: [[part("client", MANY, untimed)], [part("client", FEW, timed)]],
    faults: [],
  },
  {
    name: "stock",
    title: "generated handlers on connectNodeAdapter",
    cases: 5266,
    steps: [stockSizes, [stock("--skip", `${SIZES}/**`, ...untimed)], [stock("-p", FEW, ...timed)]],
    faults: upstreamFaults,
  },
];
