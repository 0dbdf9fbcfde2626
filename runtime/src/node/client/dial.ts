// SPDX-License-Identifier: Apache-2.0
import * as net from "node:net";
import type { Duplex } from "node:stream";
import * as tls from "node:tls";
import type { ConnectTarget } from "./connect-target.js";

/**
 * Begins a connection, as `http2.connect` does: `nodeOptions` go to `net.connect` or `tls.connect`,
 * or to the user's `createConnection`. `lookup` finds the address, if it is not theirs to find.
 */
export function dial(
  { url, nodeOptions }: ConnectTarget,
  lookup: net.LookupFunction | undefined,
): Duplex {
  const { createConnection } = nodeOptions;
  // Whatever sockets take, which is more than their type in HTTP/2 says.
  const more: object = lookup ? { ...nodeOptions, lookup } : nodeOptions;
  if (createConnection) return createConnection(url, nodeOptions);
  const host = hostOf(url);
  if (url.protocol === "http:") {
    return net.connect({ host, port: portOf(url, 80), ...more });
  }
  const servername = net.isIP(host) ? {} : { servername: host };
  return tls.connect({
    ALPNProtocols: ["h2"],
    ...servername,
    host,
    port: portOf(url, 443),
    ...more,
  });
}

/** The name or address of a server, as sockets take it. */
export function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function portOf({ port }: URL, standard: number): number {
  return port === "" ? standard : Number(port);
}
