// SPDX-License-Identifier: Apache-2.0
import type { StreamQueues } from "connect-stream";
import { type NodeListener, streamNodeAdapter } from "connect-stream/node";
import { registerLabService } from "../../support/gen/lab/v1/lab_stream.js";
import { registerSequenceService } from "../../support/gen/lab/v1/sequence_stream.js";
import type { Puppets } from "./puppets.js";

/** Request header that says which queues the handler is to have. */
export const QUEUES_HEADER = "x-queues";

/** Gives each call the queues that it asks for: a service of its own for each choice. */
export function listenerFor(puppets: Puppets): NodeListener {
  const listeners = new Map<string, NodeListener>();
  return (request, response) => {
    const asked = String(request.headers[QUEUES_HEADER]);
    const listener = listeners.get(asked) ?? withQueues(puppets, JSON.parse(asked));
    listeners.set(asked, listener);
    listener(request, response);
  };
}

function withQueues(puppets: Puppets, queues: StreamQueues): NodeListener {
  const { onError, observer } = puppets;
  return streamNodeAdapter({
    routes(router) {
      registerLabService(router, puppets.plain, { onError, queues });
      registerSequenceService(router, puppets.declared, { onError, queues, observer });
    },
  });
}
