// SPDX-License-Identifier: Apache-2.0

import { syncBuiltinESMExports } from "node:module";
import { default as net } from "node:net";
import type { RpcObserver } from "connect-stream";
import { type RunningServer, type ServeOptions, serve } from "connect-stream/node";
import { registerLabService } from "../../support/gen/lab/v1/lab_stream.js";
import { CALL_HEADER, type Call } from "./call.js";
import type { Accept } from "./network.js";

/** `serve`, for connections in memory. */
export interface OurServer {
  readonly server: RunningServer;
  readonly accept: Accept;
}

/** Serves the calls that `find` finds. */
export async function serveInMemory(
  find: (id: string) => Call | undefined,
  options: Omit<ServeOptions, "routes">,
): Promise<OurServer> {
  const create = net.createServer;
  let listener: net.Server | undefined;
  const createServer = (settings: net.ServerOpts, take: (socket: net.Socket) => void) => {
    listener = create(settings, take);
    return listener;
  };
  patch({ createServer });
  try {
    const server = await serve({ ...options, routes: routes(find) });
    return { server, accept: (socket) => void listener?.emit("connection", socket) };
  } finally {
    patch({ createServer: create });
  }
}

/** Puts others in the place of functions of `node:net`, in all modules. */
export function patch(functions: object): void {
  Object.assign(net, functions);
  syncBuiltinESMExports();
}

function routes(find: (id: string) => Call | undefined): ServeOptions["routes"] {
  const callOf = (header: Headers) => {
    const call = find(header.get(CALL_HEADER) ?? "");
    if (!call) throw new Error("a request of no call");
    return call;
  };
  const observer: RpcObserver = {
    open: ({ requestHeader }) => ({
      onEnd(outcome) {
        callOf(requestHeader).served = outcome;
      },
    }),
  };
  return (router) =>
    void registerLabService(
      router,
      {
        unary: async (_, { requestHeader, signal }) => ({
          text: await callOf(requestHeader).run(signal),
        }),
        async chat(stream) {
          const { requestHeader, signal } = stream.context;
          await stream.send({ text: await callOf(requestHeader).run(signal) });
        },
      },
      { observer },
    );
}
