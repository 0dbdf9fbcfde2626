// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./cases/case.js";
import type { Peer, PeerServer, Wire } from "./peer.js";

/** Who calls whom, and how. */
export interface Pair {
  readonly client: Peer;
  readonly server: Peer;
  readonly wire: Wire;
  /** Between the two. */
  readonly proxy?: ProxyKind;
}

/** A proxy, as the tests use it. */
export interface ProxyKind {
  readonly name: string;
  /** Why it cannot be used here, if it cannot. */
  missing(): string | undefined;
  /** Starts it in front of a server. */
  start(server: PeerServer, wire: Wire): Promise<PeerServer>;
}

/** The pairs of a client and a server on each wire that both speak. */
export function pairsOf(clients: readonly Peer[], servers: readonly Peer[]): Pair[] {
  return clients.flatMap((client) =>
    servers.flatMap((server) =>
      (client.client?.wires ?? [])
        .filter((wire) => server.server?.wires.includes(wire))
        .map((wire) => ({ client, server, wire })),
    ),
  );
}

/** A pair, in the report. */
export function nameOf({ client, server, wire, proxy }: Pair): string {
  const via = proxy ? ` through ${proxy.name}` : "";
  return `${client.name} to ${server.name}${via}, ${wire.protocol} over HTTP/${wire.http}`;
}

/** Why the pair cannot run here, if it cannot. */
export function missingOf({ client, server, proxy }: Pair): string | undefined {
  return client.missing?.() ?? server.missing?.() ?? proxy?.missing();
}

/** Whether the protocol, and the client, have RPCs of that kind. */
export function possible({ client, wire }: Pair, { kind }: Case): boolean {
  const kinds = client.client?.kinds;
  if (kinds && !kinds.includes(kind)) return false;
  return kind !== "bidi_streaming" || wire.http === "2";
}
