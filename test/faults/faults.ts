// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamOutcome } from "connect-stream";
import { expect } from "vitest";
import type { Side } from "./chaos-proxy.js";
import { codeOf, type Settlement } from "./settlements.js";
import type { Stage } from "./stage.js";

/** What each side is told of the end of a call. */
export interface Told {
  readonly client: Code;
  readonly endedBy: StreamOutcome["endedBy"];
  readonly server: Code;
  /** The server says how the call ended: with headers and trailers, to a client that reads. */
  readonly answered?: boolean;
  /** The handler ends the call, so that its signal does not abort. */
  readonly byHandler?: boolean;
}

/** Something that ends a call. */
export interface Fault extends Told {
  readonly name: string;
  strike(stage: Stage): void;
  /** Only this side can know. The other is told nothing until its own connection is cut. */
  readonly alone?: Side;
}

/** The connection is gone, and nobody said why. */
export const lost: Told = {
  client: Code.Unavailable,
  endedBy: "connection",
  server: Code.Canceled,
};

/** The call is out of time on both sides. */
export const late: Told = {
  client: Code.DeadlineExceeded,
  endedBy: "deadline",
  server: Code.DeadlineExceeded,
};

export const faults: readonly Fault[] = [
  {
    name: "the connection is cut on both sides",
    strike: ({ proxy }) => proxy.cut(),
    ...lost,
  },
  {
    name: "the connection is cut at the client",
    strike: ({ proxy }) => proxy.cut("client"),
    ...lost,
    alone: "client",
  },
  {
    name: "the connection is cut at the server",
    strike: ({ proxy }) => proxy.cut("server"),
    ...lost,
    alone: "server",
  },
  {
    name: "the connection ends on both sides",
    strike: ({ proxy }) => proxy.hangUp(),
    ...lost,
  },
  {
    name: "the client closes the call",
    strike: ({ call }) => call.close(),
    client: Code.Canceled,
    endedBy: "client",
    server: Code.Canceled,
  },
  {
    name: "the client aborts its signal",
    strike: ({ clientSignal }) => clientSignal.abort(),
    client: Code.Canceled,
    endedBy: "client",
    server: Code.Canceled,
  },
  {
    name: "the handler throws",
    strike: ({ throwInHandler }) => throwInHandler(new ConnectError("so", Code.DataLoss)),
    client: Code.DataLoss,
    endedBy: "server",
    server: Code.DataLoss,
    answered: true,
    byHandler: true,
  },
  {
    name: "the server is shut down",
    strike: ({ shutdown }) => shutdown.abort(),
    client: Code.Unavailable,
    endedBy: "server",
    server: Code.Unavailable,
    answered: true,
  },
];

/** Fails unless the promise `name` settled as its side is to be told. */
export function expectTold(name: string, settlement: Settlement, told: Told): void {
  if (name === "client outcome") {
    expect(settlement.status).toBe("fulfilled");
    const { code, endedBy } = (settlement as { value: StreamOutcome }).value;
    const expected = { code: nameOf(told.client), endedBy: told.endedBy };
    expect({ code: nameOf(code), endedBy }).toEqual(expected);
    return;
  }
  if (name === "server signal") {
    expect(settlement).toMatchObject({ value: { code: told.server } });
    return;
  }
  if (settlement.status === "fulfilled" && maySucceed(name, told)) return;
  const expected = name.startsWith("client") ? told.client : told.server;
  expect(`${name}: ${nameOf(codeOf(name, settlement))}`).toBe(`${name}: ${nameOf(expected)}`);
}

function maySucceed(name: string, { answered }: Told): boolean {
  // One that was held back may be accepted while the call comes to its end.
  if (name.endsWith(" send") || name === "client closeSend") return true;
  // What a server says is a success of those who wait for it.
  return answered === true && (name === "client header" || name === "client trailer");
}

function nameOf(code: Code | undefined): string {
  return code === undefined ? "no error" : (Code[code] ?? String(code));
}
