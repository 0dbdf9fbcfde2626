// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from "node:async_hooks";
import { Code, combineObservers, type RpcObserver } from "connect-stream";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const monitor: Partial<MonitorServiceHandler> = {
  async watch(_request, stream) {
    await stream.send({ cpu: 1, memory: 2 });
    await stream.send({ cpu: 3, memory: 4 });
  },
};

it("logs calls", async () => {
  const lines: string[] = [];
  const log = (line: string) => lines.push(line);

  const logCalls: RpcObserver = {
    open({ side, method }) {
      let waitedMs = 0;
      return {
        onSendWait(ms) {
          waitedMs += ms;
        },
        onEnd({ code, endedBy, sent, received }) {
          const status = code === undefined ? "ok" : Code[code];
          log(`${side} ${method.name}: ${status}, ended by ${endedBy}`);
          log(`${sent.messages} sent, ${received.messages} received, blocked ${waitedMs} ms`);
        },
      };
    },
  };

  const { transport } = await start((router) => {
    registerMonitorService(router, monitor, { observer: logCalls });
  });
  const client = createMonitorServiceClient(transport, { observer: logCalls });
  const stream = client.watch({ interval: 1 });
  while (await stream.recv());
  await stream.outcome;
  expect(lines).toEqual([
    "server Watch: ok, ended by server",
    "2 sent, 1 received, blocked 0 ms",
    "client Watch: ok, ended by server",
    "1 sent, 2 received, blocked 0 ms",
  ]);
});

const requestId = new AsyncLocalStorage<string>();

/** On the server: what the handler does, and calls, knows the request's id. */
const withRequestId: RpcObserver = {
  open({ requestHeader }) {
    const id = requestHeader.get("x-request-id") ?? crypto.randomUUID();
    return { run: (next) => requestId.run(id, next) };
  },
};

/** On the client: the id goes along. */
const sendRequestId: RpcObserver = {
  open({ requestHeader }) {
    requestHeader.set("x-request-id", requestId.getStore() ?? crypto.randomUUID());
    return undefined;
  },
};

it("carries a context along", async () => {
  const seen: (string | undefined)[] = [];
  const counts = { calls: 0 };
  const countCalls: RpcObserver = {
    open() {
      counts.calls++;
      return undefined;
    },
  };
  const { transport } = await start((router) => {
    registerMonitorService(
      router,
      {
        async watch() {
          seen.push(requestId.getStore());
        },
      },
      { observer: combineObservers(withRequestId, countCalls) },
    );
  });
  const client = createMonitorServiceClient(transport, { observer: sendRequestId });
  await requestId.run("r-1", () => client.watch({ interval: 1 }).recv());
  expect([seen, counts.calls]).toEqual([["r-1"], 1]);
});
