// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { allWires, grpcOn2, type Peer, type Wire } from "../peer.js";
import { dialChild, startChild } from "./child.js";

const program = fileURLToPath(new URL("../../../.tmp/interop/bin/peer", import.meta.url));

/** grpc-go, with its generated servers. */
export const grpcGo: Peer = goPeer("grpc-go", [grpcOn2]);

/** connect-go, with its generated servers. */
export const connectGo: Peer = goPeer("connect-go", allWires);

function goPeer(name: string, wires: readonly Wire[]): Peer {
  const command = [program, name] as const;
  return {
    name,
    missing: () => (existsSync(program) ? undefined : "test/interop/go/build.sh has not been run"),
    client: { wires, dial: (options) => dialChild(command, options) },
    server: { wires, start: () => startChild(command) },
  };
}
