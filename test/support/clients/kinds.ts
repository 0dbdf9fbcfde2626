// SPDX-License-Identifier: Apache-2.0
import { describe } from "vitest";
import { type Wire, wires } from "../wires.js";
import { generatedClient } from "./generated.js";
import { grpcJsClient } from "./grpc-js.js";
import { plainClient } from "./plain-connect.js";
import type { ClientKind } from "./test-client.js";
import { connectNodeTransport, ourTransport } from "./transports.js";

export const generatedOnOurs: ClientKind = {
  name: "generated client",
  generated: true,
  foreign: false,
  create: (url, wire) => generatedClient(ourTransport(url, wire)),
};

export const generatedOnConnect: ClientKind = {
  name: "generated client on Connect-Node's transport",
  generated: true,
  foreign: false,
  create: (url, wire) => generatedClient(connectNodeTransport(url, wire)),
};

export const plainOnConnect: ClientKind = {
  name: "Connect's client",
  generated: false,
  foreign: true,
  create: (url, wire) => plainClient(connectNodeTransport(url, wire)),
};

export const plainOnOurs: ClientKind = {
  name: "Connect's client on our transport",
  generated: false,
  foreign: false,
  create: (url, wire) => plainClient(ourTransport(url, wire)),
};

export const grpcJs: ClientKind = {
  name: "grpc-js",
  generated: false,
  foreign: true,
  create: (url) => grpcJsClient(url),
};

const connectKinds: readonly ClientKind[] = [
  generatedOnOurs,
  generatedOnConnect,
  plainOnConnect,
  plainOnOurs,
];

export const clientKinds: readonly ClientKind[] = [...connectKinds, grpcJs];

/** A client library, on a protocol. */
export interface Combination {
  readonly wire: Wire;
  readonly client: ClientKind;
  readonly name: string;
}

/** Every client library on every wire that it can use. */
export const combinations: readonly Combination[] = wires.flatMap((wire) =>
  [...connectKinds, ...(wire.protocol === "grpc" ? [grpcJs] : [])].map((client) => ({
    wire,
    client,
    name: `${client.name}, ${wire.name}`,
  })),
);

/** Our own client on every wire, and every other client on one. */
export function isOneOfEach({ wire, client }: Combination): boolean {
  const at = clientKinds.indexOf(client);
  return client === generatedOnOurs || client === grpcJs || wire === wires[at];
}

/** Runs the tests of `define` with every combination that `filter` lets through. */
export function describeEach(
  define: (combination: Combination) => void,
  filter: (combination: Combination) => boolean = () => true,
): void {
  for (const combination of combinations.filter(filter)) {
    describe(combination.name, () => define(combination));
  }
}
