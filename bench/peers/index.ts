// SPDX-License-Identifier: Apache-2.0
import type { NodePeerName, Peer } from "./peer.js";

/** Loads one implementation, so that a process has no other in its memory. */
export async function loadPeer(name: string | undefined): Promise<Peer> {
  const found = Object.entries(peers).find(([known]) => known === name);
  if (found === undefined) throw new Error(`there is no peer "${name}"`);
  return found[1]();
}

const peers: Record<NodePeerName, () => Promise<Peer>> = {
  ours: async () => (await import("./ours.js")).ours,
  "ours-observer": async () => (await import("./ours-observer.js")).oursWithObserver,
  "ours-otel": async () => (await import("./ours-otel.js")).oursWithOtel,
  "connect-es": async () => (await import("./connect-es.js")).connectEs,
  "grpc-js": async () => (await import("./grpc-js.js")).grpcJs,
  "nice-grpc": async () => (await import("./nice-grpc.js")).niceGrpc,
  raw: async () => (await import("./raw.js")).raw,
};
