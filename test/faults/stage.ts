// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext } from "@connectrpc/connect";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import type { Wire } from "../support/wires.js";
import { type ChaosProxy, startChaosProxy } from "./chaos-proxy.js";
import type { Host } from "./hosts.js";
import { Settlements } from "./settlements.js";
import { type OpenCall, rest, type Situation, serverSide } from "./situations.js";
import { ownTransport, type PingOptions } from "./transport.js";

/** A call in its situation, with a proxy between its sides, and all that can be done to it. */
export interface Stage extends AsyncDisposable {
  readonly proxy: ChaosProxy;
  readonly call: OpenCall;
  /** The promises of both sides that wait for what is to come. */
  readonly seen: Settlements;
  readonly context: HandlerContext;
  readonly clientSignal: AbortController;
  readonly shutdown: AbortController;
  /** When the client began the call, by `performance.now`. */
  readonly openedAt: number;
  throwInHandler(error: unknown): void;
  /** Lets a handler that does not read go on. */
  readAgain(): void;
  /** Closes the server. Resolves when nothing of the call is left there. */
  close(): Promise<void>;
}

/** What a call is opened with: its deadline, and how its connection is kept alive. */
export interface StageOptions extends PingOptions {
  readonly timeoutMs?: number;
}

/** Brings a call on `wire` to `situation`. */
export async function openStage(
  host: Host,
  wire: Wire,
  situation: Situation,
  { timeoutMs, ...pings }: StageOptions = {},
): Promise<Stage> {
  const seen = new Settlements();
  const [clientSignal, shutdown] = [new AbortController(), new AbortController()];
  let throwInHandler!: (error: unknown) => void;
  const toThrow = new Promise<never>((_, reject) => {
    throwInHandler = reject;
  });
  toThrow.catch(() => undefined);
  const server = serverSide(seen, toThrow);
  const hosted = await host.start(situation.handler(server), wire, shutdown.signal);
  const proxy = await startChaosProxy(hosted.port);
  const own = ownTransport(proxy.url, wire, pings);
  const client = createLabServiceClient(own.transport);
  const openedAt = performance.now();
  const options = { signal: clientSignal.signal, ...(timeoutMs !== undefined && { timeoutMs }) };
  const call = await situation.call(client, options, seen);
  await server.there.promise;
  await rest();
  const { context } = server;
  if (!context) throw new Error("the handler was not called");
  return {
    ...{ proxy, call, seen, context, clientSignal, shutdown, openedAt, throwInHandler },
    readAgain: () => server.readAgain.resolve(),
    close: () => hosted.close(),
    async [Symbol.asyncDispose]() {
      own[Symbol.dispose]();
      await proxy[Symbol.asyncDispose]();
    },
  };
}
