// SPDX-License-Identifier: Apache-2.0
import { createContextKey, createContextValues } from "@connectrpc/connect";
import { createFetchHandler } from "connect-stream/fetch";
import { registerMonitorService } from "../../../../gen/monitor/v1/monitor_stream.js";

interface Env {
  readonly REGION: string;
}

const region = createContextKey("");

export default {
  fetch: createFetchHandler<[Env]>({
    contextValues: (_request, env) => createContextValues().set(region, env.REGION),
    routes: (router) =>
      registerMonitorService(router, {
        async watch(_request, stream) {
          stream.context.responseHeader.set("region", stream.context.values.get(region));
          await stream.send({ cpu: 1, memory: 2 });
        },
      }),
  }),
};
