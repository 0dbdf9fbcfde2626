// SPDX-License-Identifier: Apache-2.0
import type { BenchOptions } from "./options.js";
import type { CallName, PeerName, Protocol } from "./peers/peer.js";

/** One way to use streams, measured for every contestant. */
export interface Case {
  readonly name: string;
  readonly call: CallName;
  readonly size: number;
  readonly streams: number;
  readonly protocol: Protocol;
}

/** A server and a client, maybe of different make. */
export interface Contestant {
  readonly label: string;
  readonly server: PeerName;
  readonly client: PeerName;
}

export const SMALL = 60;
export const LARGE = 64 * 1024;

/** How each call is named where people read it. */
export const callTitles: Record<CallName, string> = {
  watch: "server streaming",
  collect: "client streaming",
  exchange: "bidirectional pipelined",
  pingPong: "ping-pong",
  short: "streams of one message",
};

const calls = Object.keys(callTitles) as CallName[];
const crossed: Contestant = { label: "ours, grpc-js client", server: "ours", client: "grpc-js" };

/** The cases that the options choose. */
export function chooseCases({ quick, only }: BenchOptions): Case[] {
  return allCases().filter((each) => only.test(each.name) && (!quick || isTarget(each)));
}

function allCases(): Case[] {
  const protocols: Protocol[] = ["grpc", "connect"];
  return protocols.flatMap((protocol) =>
    [1, 100].flatMap((streams) =>
      [SMALL, 1024, LARGE].flatMap((size) =>
        callsOf(size).map((call) => {
          const name = `${call}/${size}/${streams}/${protocol}`;
          return { name, call, size, streams, protocol };
        }),
      ),
    ),
  );
}

/** What a call costs shows where its message costs little. */
function callsOf(size: number): CallName[] {
  return calls.filter((call) => call !== "short" || size === SMALL);
}

/** The cases for which there are figures to reach. */
function isTarget({ call, size, streams, protocol }: Case): boolean {
  if (streams !== 1 || protocol !== "grpc" || call === "short") return false;
  return size === SMALL || (size === LARGE && call !== "pingPong");
}

/** Who takes part in a case. The Connect protocol is spoken by some only; the limit is for all. */
export function contestantsOf({ protocol }: Case, { peers }: BenchOptions): Contestant[] {
  const own = peers
    .filter((peer) => protocol === "grpc" || (peer !== "grpc-js" && peer !== "nice-grpc"))
    .map((peer) => ({ label: peer, server: peer, client: peer }));
  const crosses = protocol === "grpc" && peers.includes("ours") && peers.includes("grpc-js");
  return crosses ? [...own, crossed] : own;
}
