// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./cases.js";
import { type PeerName, peerNames } from "./peers/peer.js";

/** A server and a client, maybe of different make. */
export interface Contestant {
  /** As `--peers` has it: "grpc-js", or "ours:grpc-js" for our server and grpc-js's client. */
  readonly label: string;
  readonly server: PeerName;
  readonly client: PeerName;
}

/** Peers that speak gRPC alone. */
const grpcOnly: readonly PeerName[] = ["grpc-js", "nice-grpc", "grpc-go", "raw"];
/** Peers that compress in the cases that ask for gzip. */
const gzip: readonly PeerName[] = ["ours", "connect-es", "connect-go"];
/** Peers that compress by default, and can be told not to. */
const compressing: readonly PeerName[] = ["ours", "connect-es"];

/** Throws if there is no such peer. */
export function parseContestant(label: string): Contestant {
  const [server = "", client = server] = label.split(":");
  return { label, server: peerName(server), client: peerName(client) };
}

function peerName(text: string): PeerName {
  const name = peerNames.find((known) => known === text);
  if (name) return name;
  throw new Error(`there is no peer "${text}"; there are ${peerNames.join(", ")}`);
}

/** Those who take part in a case, of those chosen. */
export function contestantsOf(
  { setup }: Case,
  chosen: readonly Contestant[],
): readonly Contestant[] {
  return chosen.filter(({ server, client }) =>
    [server, client].every(
      (peer) =>
        (setup.protocol === "grpc" || !grpcOnly.includes(peer)) &&
        (setup.compression !== "gzip" || gzip.includes(peer)) &&
        (setup.compression !== "identity" || compressing.includes(peer)),
    ),
  );
}
