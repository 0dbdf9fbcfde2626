// SPDX-License-Identifier: Apache-2.0
import type { Peer } from "../interop/peer.js";
import { connectEs, connectWeb } from "../interop/peers/connect-es.js";
import { connectGo, grpcGo } from "../interop/peers/go.js";
import { grpcJs } from "../interop/peers/grpc-js.js";
import { ours, startOurs } from "../interop/peers/ours.js";
import { python } from "../interop/peers/python.js";
import { describePairs, pairsOf } from "../interop/suite.js";
import { haproxy, nginx } from "./proxy.js";

/**
 * Ours, as it has to be set up for clients on Node: those cancel by a half-close and then a reset,
 * and a proxy may pass the two on apart. How far is up to the machine's load.
 */
const withGrace: Peer = {
  ...ours,
  name: "connect-stream with halfCloseGraceMs",
  server: {
    wires: ours.server?.wires ?? [],
    start: () => startOurs({ halfCloseGraceMs: 250 }),
  },
};

const pairs = [
  ...pairsOf([ours, connectWeb, python, grpcGo, connectGo], [ours]),
  ...pairsOf([grpcJs, connectEs], [withGrace]),
];

for (const proxy of [nginx(), haproxy()]) {
  describePairs(pairs.map((pair) => ({ ...pair, proxy })));
}
