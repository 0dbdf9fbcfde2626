// SPDX-License-Identifier: Apache-2.0
import { Bounds } from "../call/bounds.js";
import type { StreamQueues } from "../options/queues.js";

/** The bounds of a call's two queues, as one side of it has them. */
export interface CallQueues {
  readonly send: Bounds | undefined;
  readonly receive: Bounds | undefined;
}

/** Those of a call for which none are set. */
export const noQueues: CallQueues = { send: undefined, receive: undefined };

/** The queues of a call; `queues` has those of the directions in which it streams. */
export function callQueues(queues: StreamQueues | undefined): CallQueues {
  if (!queues) return noQueues;
  return {
    send: queues.send && new Bounds("send", queues.send),
    receive: queues.receive && new Bounds("receive", queues.receive),
  };
}
