// SPDX-License-Identifier: Apache-2.0
import type { Interceptor } from "@connectrpc/connect";
import type { StreamQueues } from "connect-stream";
import { type NodeListener, streamNodeAdapter } from "connect-stream/node";
import { registerDeclaredService } from "../../support/gen/lab/v1/declared_stream.js";
import { registerLabService } from "../../support/gen/lab/v1/lab_stream.js";
import { registerSequenceService } from "../../support/gen/lab/v1/sequence_stream.js";
import type { Puppets } from "./puppets.js";

/** Request header that says how its call is to be served: a `Serving`. */
export const SERVING_HEADER = "x-serving";

/** What a call asks of the service that it goes to. */
export interface Serving {
  readonly queues: StreamQueues;
  readonly intercepted: boolean;
  /** Default: that of services. */
  readonly overrunMs?: number | undefined;
}

/** Gives each call what it asks for: a service of its own for each choice. */
export function listenerFor(puppets: Puppets): NodeListener {
  const listeners = new Map<string, NodeListener>();
  return (request, response) => {
    const asked = String(request.headers[SERVING_HEADER]);
    const listener = listeners.get(asked) ?? serving(puppets, JSON.parse(asked));
    listeners.set(asked, listener);
    listener(request, response);
  };
}

const passOn: Interceptor = (next) => (request) => next(request);

function serving(puppets: Puppets, { queues, intercepted, overrunMs }: Serving): NodeListener {
  const { onError, observer } = puppets;
  const options = {
    ...{ onError, queues, observer },
    ...(intercepted && { interceptors: [passOn] }),
    ...(overrunMs !== undefined && { overrunMs }),
  };
  return streamNodeAdapter({
    routes(router) {
      registerLabService(router, puppets.plain, options);
      registerDeclaredService(router, puppets.repeatable, options);
      registerSequenceService(router, puppets.declared, options);
    },
  });
}
