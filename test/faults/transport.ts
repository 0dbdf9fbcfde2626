// SPDX-License-Identifier: Apache-2.0
import { Agent } from "node:http";
import type { Transport } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import type { SharedOptions } from "../support/clients/transports.js";
import type { Wire } from "../support/wires.js";

/** A transport of ours, whose connections can be closed. */
export interface OwnTransport extends Disposable {
  readonly transport: Transport;
}

/** How a client's connection is kept alive; HTTP/2 only. */
export interface PingOptions {
  pingIntervalMs?: number;
  pingTimeoutMs?: number;
}

export function ownTransport(
  baseUrl: string,
  { protocol, http }: Wire,
  options: Omit<SharedOptions, "sessionManager"> & PingOptions & { useHttpGet?: boolean } = {},
): OwnTransport {
  const shared = { ...options, baseUrl, protocol };
  if (http === "1.1") {
    const agent = new Agent({ keepAlive: true });
    return {
      transport: createStreamTransport({ ...shared, httpVersion: "1.1", nodeOptions: { agent } }),
      [Symbol.dispose]: () => agent.destroy(),
    };
  }
  const transport = createStreamTransport(shared);
  return {
    transport,
    [Symbol.dispose]: () => void transport.close({ graceMs: 0 }),
  };
}
