// SPDX-License-Identifier: Apache-2.0
import { allWires, type Peer } from "../peer.js";
import { dialOurs } from "./ours-client.js";
import { startOurs } from "./ours-server.js";

/** This repository: generated handlers on `serve`, generated clients on `createStreamTransport`. */
export const ours: Peer = {
  name: "connect-stream",
  client: { wires: allWires, dial: async (options) => dialOurs(options) },
  server: { wires: allWires, start: () => startOurs() },
};
