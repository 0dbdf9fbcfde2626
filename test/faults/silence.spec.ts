// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import "../support/process-faults.js";
import { gate } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { type Wire, wires } from "../support/wires.js";
import { startChaosProxy } from "./chaos-proxy.js";
import {
  codeOf,
  expectWithin,
  reportLatencies,
  SETTLE_MS,
  Settlements,
  slowest,
  type Told,
} from "./settlements.js";
import { ownTransport } from "./transport.js";

/** Short enough for a test, and long enough for a busy machine to answer in time before. */
const INTERVAL_MS = 200;
const TIMEOUT_MS = 1000;
const KEEPALIVE_MS = INTERVAL_MS + TIMEOUT_MS;

reportLatencies();

describe.each(wires.filter(({ http }) => http === "2"))("a silent peer, $name", (wire) => {
  it("the server's keepalive ends the calls of a client that went silent", async () => {
    await expectWithin(KEEPALIVE_MS + SETTLE_MS, async () => {
      const { server } = await silence(wire, { serverPings: true, clientPings: false });
      expect(codes(server)).toEqual({ handler: Code.Canceled, recv: Code.Canceled });
      return slowest(server);
    });
  });

  it("the client's keepalive ends the calls to a server that went silent", async () => {
    await expectWithin(KEEPALIVE_MS + SETTLE_MS, async () => {
      const { client } = await silence(wire, { serverPings: false, clientPings: true });
      expect(codes(client)).toEqual({
        header: undefined,
        recv: Code.Unavailable,
        trailer: Code.Unavailable,
        outcome: undefined,
      });
      return slowest(client);
    });
  });
});

describe.each(wires)("a deadline under silence, $name", (wire) => {
  it("ends the call on both sides without a word between them", async () => {
    const seenByClient = new Settlements();
    const seenByServer = new Settlements();
    const started = gate();
    const routes = (router: Parameters<typeof registerLabService>[0]) => {
      registerLabService(router, {
        upload(stream) {
          const recv = stream.recv();
          seenByServer.watch("recv", recv);
          const handler = recv.then(() => undefined);
          seenByServer.watch("handler", handler);
          started.resolve();
          return handler;
        },
      });
    };
    const server = await serve({ routes, keepAlive: false });
    await using proxy = await startChaosProxy(server.port);
    using own = ownTransport(proxy.url, wire);
    const call = createLabServiceClient(own.transport).upload({ timeoutMs: 500 });
    await started.promise;
    proxy.chaos.silent = true;
    seenByClient.watch("closeAndRecv", call.closeAndRecv());
    seenByClient.watch("trailer", call.trailer);
    const late = Code.DeadlineExceeded;
    expect(codes(await seenByClient.all("deadline"))).toEqual({
      closeAndRecv: late,
      trailer: late,
    });
    expect(codes(await seenByServer.all("deadline"))).toEqual({ recv: late, handler: late });
    expect(await call.outcome).toMatchObject({ code: late, endedBy: "deadline" });
    own[Symbol.dispose]();
    await proxy[Symbol.asyncDispose]();
    await server.close({ graceMs: 0 });
  });
});

type Settled = readonly Told[];

/** Opens a chat, silences the connection, and waits for the side that pings. */
async function silence(
  wire: Wire,
  { serverPings, clientPings }: { serverPings: boolean; clientPings: boolean },
): Promise<{ server: Settled; client: Settled }> {
  const seenByServer = new Settlements();
  const seenByClient = new Settlements();
  const aborted = gate<unknown>();
  const server = await serve({
    keepAlive: serverPings ? { intervalMs: INTERVAL_MS, timeoutMs: TIMEOUT_MS } : false,
    routes: (router) =>
      registerLabService(router, {
        async chat(stream) {
          const { signal } = stream.context;
          signal.addEventListener("abort", () => aborted.resolve(signal.reason));
          await stream.send(await stream.recv().then((first) => first ?? {}));
          const recv = stream.recv();
          const handler = recv.then(() => undefined);
          seenByServer.watch("recv", recv);
          seenByServer.watch("handler", handler);
          await handler;
        },
      }),
  });
  await using proxy = await startChaosProxy(server.port);
  const pings = { pingIntervalMs: INTERVAL_MS, pingTimeoutMs: TIMEOUT_MS };
  using own = ownTransport(proxy.url, wire, clientPings ? pings : {});
  const call = createLabServiceClient(own.transport).chat();
  await call.send({ text: "hello" });
  await call.recv();
  seenByClient.watch("header", call.header);
  seenByClient.watch("recv", call.recv());
  seenByClient.watch("trailer", call.trailer);
  seenByClient.watch("outcome", call.outcome);
  proxy.chaos.silent = true;
  for (const seen of [seenByServer, seenByClient]) seen.event();
  const category = `silence, keepalive ${INTERVAL_MS} + ${TIMEOUT_MS} ms`;
  const result = {
    server: serverPings ? await seenByServer.all(`${category}, server`) : [],
    client: clientPings ? await seenByClient.all(`${category}, client`) : [],
  };
  if (serverPings) {
    expect(await aborted.promise).toBeInstanceOf(ConnectError);
  }
  if (clientPings) {
    expect(await call.outcome).toMatchObject({ code: Code.Unavailable, endedBy: "connection" });
  }
  own[Symbol.dispose]();
  await proxy[Symbol.asyncDispose]();
  await server.close({ graceMs: 0 });
  return result;
}

function codes(settled: Settled): Record<string, Code | undefined> {
  return Object.fromEntries(
    settled.map(({ name, settlement }) => [name, codeOf(name, settlement)]),
  );
}
