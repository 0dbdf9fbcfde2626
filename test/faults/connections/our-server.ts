// SPDX-License-Identifier: Apache-2.0

import { syncBuiltinESMExports } from "node:module";
import { default as net } from "node:net";
import type { RpcObserver, StreamContext } from "connect-stream";
import { type ServeOptions, serve } from "connect-stream/node";
import { type ChatServerStream, registerLabService } from "../../support/gen/lab/v1/lab_stream.js";
import { CALL_HEADER, type Call } from "./call.js";
import type { Accept } from "./network.js";

/** `serve`, for connections in memory. */
export interface OurServer {
  readonly accept: Accept;
  /** Closes it; its calls may go on for so many milliseconds. */
  drain(graceMs: number): Promise<void>;
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
    let drains = false;
    const server = await serve({ ...options, routes: routes(find, () => drains) });
    return {
      accept: (socket) => void listener?.emit("connection", socket),
      drain(graceMs) {
        drains = true;
        return server.close({ graceMs });
      },
    };
  } finally {
    patch({ createServer: create });
  }
}

/** Puts others in the place of functions of `node:net`, in all modules. */
export function patch(functions: object): void {
  Object.assign(net, functions);
  syncBuiltinESMExports();
}

function routes(
  find: (id: string) => Call | undefined,
  drains: () => boolean,
): ServeOptions["routes"] {
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
  const run = async (context: StreamContext, stream?: ChatServerStream) => {
    const call = callOf(context.requestHeader);
    call.serverDrains = drains;
    try {
      return { text: await call.run(context.signal, stream) };
    } finally {
      const { signal, drainSignal } = context;
      // A call that is over hears of nothing any more.
      call.misled ||= drainSignal.aborted ? !drains() : drains() && !signal.aborted;
    }
  };
  return (router) =>
    void registerLabService(
      router,
      {
        unary: (_, context) => run(context),
        chat: async (stream) => stream.send(await run(stream.context, stream)),
      },
      { observer },
    );
}
