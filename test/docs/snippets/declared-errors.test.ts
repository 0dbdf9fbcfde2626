// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  BadRequestSchema,
  findErrorInfo,
  findFieldViolations,
  findRetryDelayMs,
  isTemporary,
  isTimeout,
} from "connect-stream";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceClient,
  type MonitorServiceHandler,
  monitorServiceErrors,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const load = 99;

const busy: Partial<MonitorServiceHandler> = {
  async watch() {
    throw monitorServiceErrors.hostBusy("come back at night", {
      metadata: { load: String(load) },
      retryDelayMs: 60_000,
    });
  },
};

async function connect(handler: Partial<MonitorServiceHandler>): Promise<MonitorServiceClient> {
  const { transport } = await start((router) => registerMonitorService(router, handler));
  return createMonitorServiceClient(transport);
}

it("reads a declared error", async () => {
  const client = await connect(busy);
  const seen: unknown[] = [];
  try {
    for await (const { cpu } of client.watch({ interval: 1 })) console.log(cpu);
  } catch (error) {
    const hostBusy = monitorServiceErrors.hostBusy.read(error);
    if (!hostBusy) throw error;
    const { reason, metadata, retryDelayMs } = hostBusy;
    seen.push(reason, metadata.load, retryDelayMs); // HOST_BUSY, 99, 60000
  }
  expect(seen).toEqual(["HOST_BUSY", "99", 60_000]);
});

it("asks for one", async () => {
  const client = await connect(busy);
  const patience = async () => {
    try {
      return await client.watch({ interval: 1 }).recv();
    } catch (error) {
      if (monitorServiceErrors.hostBusy.is(error)) return undefined;
      throw error;
    }
  };
  expect(await patience()).toBeUndefined();
});

it("waits as long as the server asks for", async () => {
  let refusals = 1;
  const client = await connect({
    async watch(_request, stream) {
      if (refusals-- > 0) throw monitorServiceErrors.hostBusy(undefined, { retryDelayMs: 1 });
      await stream.send({ cpu: 1, memory: 2 });
    },
  });
  const samples: number[] = [];
  async function watchAnyway(): Promise<void> {
    while (true) {
      try {
        for await (const { cpu } of client.watch({ interval: 1 })) samples.push(cpu);
        return;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        await sleep(findRetryDelayMs(error) ?? 1000);
      }
    }
  }
  await watchAnyway();
  expect(samples).toEqual([1]);
});

it("reads the standard details of any error", async () => {
  const client = await connect({
    async watch({ interval }) {
      const fieldViolations = [{ field: "interval", description: `${interval} is too short` }];
      const details = [{ desc: BadRequestSchema, value: { fieldViolations } }];
      throw new ConnectError("bad request", Code.InvalidArgument, undefined, details);
    },
  });
  const logged: string[] = [];
  const logger = { warn: (line: string) => logged.push(line) };
  try {
    await client.watch({ interval: 0 }).recv();
  } catch (error) {
    const reason = findErrorInfo(error)?.reason ?? "no reason";
    const fields = findFieldViolations(error).map(({ field, description }) => {
      return `${field}: ${description}`;
    });
    logger.warn([reason, isTimeout(error) ? "too slow" : "in time", ...fields].join(", "));
  }
  expect(logged).toEqual(["no reason, in time, interval: 0 is too short"]);
});
