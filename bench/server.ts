// SPDX-License-Identifier: Apache-2.0
import { common, serveOrders } from "./child.js";
import { loadPeer } from "./peers/index.js";
import type { Progress } from "./peers/peer.js";

/** A process with one implementation's servers. Argument: its name. */
const peer = await loadPeer(process.argv[2]);
const progress: Progress = { accepted: 0 };

serveOrders(async (order) => {
  switch (order.do) {
    case "serve":
      return peer.serve(order.setup, progress);
    case "accepted":
      return progress.accepted;
    default:
      return common(order);
  }
});
