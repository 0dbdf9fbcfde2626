// SPDX-License-Identifier: Apache-2.0
// All cases of the tests with foreign peers, with a proxy between.
import { pairsOf } from "../interop/pair.js";
import type { Peer } from "../interop/peer.js";
import { connectEs, connectWeb } from "../interop/peers/connect-es.js";
import { connectGo, grpcGo } from "../interop/peers/go.js";
import { grpcJs } from "../interop/peers/grpc-js.js";
import { grpcJava } from "../interop/peers/java.js";
import { ours } from "../interop/peers/ours.js";
import { startOurs } from "../interop/peers/ours-server.js";
import { python } from "../interop/peers/python.js";
import { describePairs } from "../interop/suite.js";
import {
  throughEnvoy,
  throughEnvoyGrpcWeb,
  throughHaproxy,
  throughHaproxyTcp,
  throughNginx,
} from "./kinds.js";

/**
 * Ours, as it has to be set up for foreign clients on Node: those cancel by a half-close and then a
 * reset, and a proxy may pass the two on apart. How far is up to the machine's load.
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

for (const proxy of [throughNginx, throughHaproxy]) {
  describePairs(pairs.map((pair) => ({ ...pair, proxy })));
}
// A reset that comes with the half-close stays with it, so no grace is needed.
describePairs(
  pairsOf([ours, python, grpcJs], [ours]).map((pair) => ({ ...pair, proxy: throughHaproxyTcp })),
);
describePairs(
  [
    ...pairsOf([ours, connectWeb, python, grpcGo, grpcJava], [ours]),
    ...pairsOf([grpcJs], [withGrace]),
  ].map((pair) => ({ ...pair, proxy: throughEnvoy })),
);
// The server sees gRPC alone.
describePairs(
  pairsOf([ours, connectWeb, connectGo], [ours])
    .filter(({ wire }) => wire.protocol === "grpc-web")
    .map((pair) => ({ ...pair, proxy: throughEnvoyGrpcWeb })),
);
