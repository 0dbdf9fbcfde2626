// SPDX-License-Identifier: Apache-2.0
import { cpuMicros, memory, serveOrders } from "./child.js";
import type { ServerOrder } from "./messages.js";
import { loadPeer } from "./peers/index.js";
import type { PeerName, Progress } from "./peers/peer.js";

/** A process with one implementation's server. Argument: its name. */
const peer = await loadPeer(process.argv[2] as PeerName);
const progress: Progress = { accepted: 0 };
const port = await peer.serve(progress);

serveOrders<ServerOrder>(async (order) => {
  switch (order.do) {
    case "cpu":
      return cpuMicros();
    case "memory":
      return memory();
    case "accepted":
      return progress.accepted;
  }
});
process.send?.({ answer: port });
