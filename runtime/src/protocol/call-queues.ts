// SPDX-License-Identifier: Apache-2.0

import { Bounds } from "../call/bounds.js";
import type { QueueBounds, StreamQueues } from "../options/queues.js";
import { type RpcKind, rpcKinds, type StreamKind } from "./method-kind.js";

/** The bounds of a call's two queues, as one side of it has them. */
export interface CallQueues {
  readonly send: Bounds | undefined;
  readonly receive: Bounds | undefined;
}

/** Those of a call for which none are set. */
export const noQueues: CallQueues = { send: undefined, receive: undefined };

/** The queues of a server: one response and one request need none. */
export function serverQueues(queues: StreamQueues | undefined, kind: StreamKind): CallQueues {
  if (!queues) return noQueues;
  return {
    send: kind === "client_streaming" ? undefined : bounds("send", queues),
    receive: kind === "server_streaming" ? undefined : bounds("receive", queues),
  };
}

/** The queues of a client. */
export function clientQueues(queues: StreamQueues | undefined, kind: RpcKind): CallQueues {
  const { oneRequest, oneResponse } = rpcKinds[kind];
  if (!queues || (oneRequest && oneResponse)) return noQueues;
  return {
    send: oneRequest ? undefined : bounds("send", queues),
    receive: oneResponse ? undefined : bounds("receive", queues),
  };
}

function bounds(direction: keyof StreamQueues, queues: StreamQueues): Bounds | undefined {
  const set: QueueBounds | undefined = queues[direction];
  return set && new Bounds(direction, set);
}
