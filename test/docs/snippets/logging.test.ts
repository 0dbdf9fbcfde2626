// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from "node:async_hooks";
import { Code } from "@connectrpc/connect";
import type { RpcObserver } from "connect-stream";
import { createStreamTransport, serve } from "connect-stream/node";
import { pino } from "pino";
import { expect, it, onTestFinished, vi } from "vitest";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { failure } from "../../support/gate.js";

const lines: Record<string, unknown>[] = [];
const destination = { write: (line: string) => void lines.push(JSON.parse(line)) };

const logger = pino({ level: "debug" }, destination);
const current = new AsyncLocalStorage<typeof logger>();

/** The logger of the call that runs. */
const log = () => current.getStore() ?? logger;

const logCalls: RpcObserver = {
  open({ method, peer, requestHeader }) {
    const rpc = `${method.parent.typeName}/${method.name}`;
    const requestId = requestHeader.get("x-request-id") ?? crypto.randomUUID();
    const callLog = logger.child({ rpc, requestId, peer: peer?.address });
    return {
      run: (next) => current.run(callLog, next),
      onEnd({ code, error, endedBy, durationMs, sent, received }) {
        const status = code === undefined ? "ok" : Code[code];
        const counts = { sent: sent.messages, received: received.messages };
        const line = { status, endedBy, durationMs, ...counts, err: error };
        if (code === Code.Internal) callLog.error(line, "call ended");
        else callLog.info(line, "call ended");
      },
    };
  },
};

it("writes a line for each call, and those of its handler with its id", async () => {
  const server = await serve({
    routes: (router) =>
      registerMonitorService(
        router,
        {
          async watch({ interval }, stream) {
            log().debug({ interval }, "watching");
            await stream.send({ cpu: 1 });
          },
          read() {
            throw new TypeError("no sensor");
          },
        },
        {
          observer: logCalls,
          onError: (error) => log().error(error, "handler failed"),
        },
      ),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  const transport = createStreamTransport({ baseUrl: server.url, protocol: "grpc" });
  const client = createMonitorServiceClient(transport);
  const stream = client.watch({ interval: 1 }, { headers: { "x-request-id": "r-1" } });
  for await (const { cpu } of stream) expect(cpu).toBe(1);
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  const call = { rpc: "monitor.v1.MonitorService/Watch", requestId: "r-1", peer: "127.0.0.1" };
  expect(lines).toEqual([
    expect.objectContaining({ ...call, level: 20, msg: "watching", interval: 1 }),
    expect.objectContaining({ ...call, level: 30, msg: "call ended", status: "ok", sent: 1 }),
  ]);
  lines.length = 0;
  expect((await failure(client.read({}))).code).toBe(Code.Internal);
  await vi.waitFor(() => expect(lines).toHaveLength(2));
  const [failed, ended] = lines;
  expect(failed).toMatchObject({ level: 50, msg: "handler failed", err: { message: "no sensor" } });
  expect(ended).toMatchObject({ level: 50, msg: "call ended", status: "Internal" });
  expect(failed?.requestId).toBe(ended?.requestId);
});
