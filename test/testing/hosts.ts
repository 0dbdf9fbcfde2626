// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The same call in memory and over a server, so that both can be compared. */
import type { StreamOutcome, StreamServiceOptions } from "connect-stream";
import { testCall } from "connect-stream/testing";
import { ourTransport } from "../support/clients/transports.js";
import { LabService, type Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import type { NoteInit } from "../support/note.js";
import type { Wire } from "../support/wires.js";

export type Kind = "download" | "upload" | "chat";

/** What a scenario asks for beside the handler. */
export interface Setup {
  timeoutMs?: number;
  headers?: Record<string, string>;
  service?: StreamServiceOptions;
}

/** A call, as either host gives it. */
export interface HostedCall {
  send(message: NoteInit): Promise<void>;
  closeSend(): void;
  /** For an upload: after `closeSend`. */
  recv(): Promise<Note | undefined>;
  cancel(): void;
  disconnect(): void;
  /** In memory, time has to be told. */
  expire(): void;
  readonly header: Promise<Headers>;
  readonly trailer: Promise<Headers>;
  readonly outcome: Promise<StreamOutcome>;
}

/** Opens a call of `handler`, and calls `use` with it. */
export type Host = (
  kind: Kind,
  handler: Pick<LabServiceHandler, Kind>,
  setup: Setup,
  use: (call: HostedCall) => Promise<void>,
) => Promise<void>;

export const inMemory: Host = async (kind, handler, options, use) => {
  if (kind === "download") {
    const call = testCall(LabService.method.download, handler.download, {}, options);
    return await use(Object.assign(call, { send: never, closeSend: never }));
  }
  const call =
    kind === "upload"
      ? testCall(LabService.method.upload, handler.upload, options)
      : testCall(LabService.method.chat, handler.chat, options);
  return await use(call);
};

/** A server, and a generated client on `wire`. */
export function onServer(wire: Wire): Host {
  return async (kind, handler, { service = {}, timeoutMs, headers }, use) => {
    const options = { headers: { ...headers, ...(timeoutMs && deadline(wire, timeoutMs)) } };
    await using lab = await startLab(handler, {
      http: wire.http,
      service,
      adapter: { acceptCompression: [] }, // so that bytes can be compared
    });
    const client = createLabServiceClient(ourTransport(lab.fragileUrl, wire));
    const faults = { disconnect: () => lab.cut(), expire: () => undefined };
    if (kind === "download") {
      const stream = client.download({}, options);
      return await use({
        ...whatAllHave(stream),
        ...faults,
        send: never,
        closeSend: never,
        recv: () => stream.recv(),
      });
    }
    if (kind === "chat") {
      const stream = client.chat(options);
      return await use({
        ...whatAllHave(stream),
        ...faults,
        send: (message) => stream.send(message),
        closeSend: () => void stream.closeSend(),
        recv: () => stream.recv(),
      });
    }
    const stream = client.upload(options);
    return await use({
      ...whatAllHave(stream),
      ...faults,
      send: (message) => stream.send(message),
      closeSend: () => void stream.closeAndRecv(),
      recv: () => stream.closeAndRecv(),
    });
  };
}

/** The server's timer alone: on a busy machine a client's own runs out long before it. */
function deadline({ protocol }: Wire, timeoutMs: number): Record<string, string> {
  return protocol === "connect"
    ? { "connect-timeout-ms": `${timeoutMs}` }
    : { "grpc-timeout": `${timeoutMs}m` };
}

function whatAllHave(stream: {
  close(): void;
  header: Promise<Headers>;
  trailer: Promise<Headers>;
  outcome: Promise<StreamOutcome>;
}): Pick<HostedCall, "cancel" | "header" | "trailer" | "outcome"> {
  return {
    cancel: () => stream.close(),
    header: stream.header,
    trailer: stream.trailer,
    outcome: stream.outcome,
  };
}

function never(): never {
  throw new Error("a download sends its one request by itself");
}
