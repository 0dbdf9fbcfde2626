// SPDX-License-Identifier: Apache-2.0
import type { Peer, PeerName } from "./peer.js";

/** Loads one implementation, so that a process has no other in its memory. */
export async function loadPeer(name: PeerName): Promise<Peer> {
  switch (name) {
    case "ours":
      return (await import("./ours.js")).ours;
    case "ours-observer":
      return (await import("./ours-observer.js")).oursWithObserver;
    case "ours-otel":
      return (await import("./ours-otel.js")).oursWithOtel;
    case "connect-es":
      return (await import("./connect-es.js")).connectEs;
    case "grpc-js":
      return (await import("./grpc-js.js")).grpcJs;
    case "nice-grpc":
      return (await import("./nice-grpc.js")).niceGrpc;
    case "raw":
      return (await import("./raw.js")).raw;
  }
}
