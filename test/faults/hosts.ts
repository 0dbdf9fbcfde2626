// SPDX-License-Identifier: Apache-2.0
import { serve } from "connect-stream/node";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import type { Wire } from "../support/wires.js";

/** A server that listens. */
export interface Hosted {
  readonly port: number;
  /** Resolves when every call has ended and been freed, and the server is closed. */
  close(): Promise<void>;
}

/** What makes servers of handlers. */
export interface Host {
  readonly name: string;
  start(
    handler: Partial<LabServiceHandler>,
    wire: Wire,
    shutdownSignal: AbortSignal,
  ): Promise<Hosted>;
}

/** Longer than any test: a server that closes before it has nothing left to wait for. */
const GRACE_MS = 10 * 60_000;

export const hosts: readonly Host[] = [
  {
    name: "Node's own server",
    async start(handler, { http }, shutdownSignal) {
      const lab = await startLab(handler, { http, adapter: { shutdownSignal } });
      return {
        port: lab.port,
        async close() {
          await lab.idle();
          await lab[Symbol.asyncDispose]();
        },
      };
    },
  },
  {
    name: "serve()",
    async start(handler, _wire, shutdownSignal) {
      const server = await serve({
        shutdownSignal,
        keepAlive: false,
        routes: (router) => registerLabService(router, handler),
      });
      return { port: server.port, close: () => server.close({ graceMs: GRACE_MS }) };
    },
  },
];
