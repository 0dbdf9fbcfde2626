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
  /** What it runs. */
  readonly program: string;
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

/** What the pair cannot run without here, and why, if there is something. */
export function missingOf(pair: Pair): { name: string; reason: string } | undefined {
  const { client, server, proxy } = pair;
  for (const peer of [client, server]) {
    const reason = peer.missing?.();
    if (reason) return { name: peer.name, reason };
  }
  const reason = proxy?.missing();
  return proxy && reason ? { name: proxy.program, reason } : undefined;
}

/** Whether the protocol, and the client, have RPCs of that kind. */
export function possible({ client, wire }: Pair, { kind }: Case): boolean {
  const kinds = client.client?.kinds;
  if (kinds && !kinds.includes(kind)) return false;
  return kind !== "bidi_streaming" || wire.http === "2";
}
