// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from "node:events";
import { Readable } from "node:stream";
import { ReadableStream } from "node:stream/web";
import { pipeEvents, pipeIterable, toObservable } from "connect-stream/interop";
import { from, lastValueFrom, map, retry, take, toArray } from "rxjs";
import { expect, it } from "vitest";
import {
  type AnalyticsServiceHandler,
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

/** A client of a handler that sends until its client leaves; `left` resolves when it has. */
async function endless() {
  const calls = new EventEmitter();
  const { transport } = await start((router) =>
    registerMonitorService(router, {
      async watch(_request, stream) {
        try {
          for (let cpu = 0; ; cpu++) await stream.send({ cpu });
        } finally {
          calls.emit("left");
        }
      },
    }),
  );
  const client = createMonitorServiceClient(transport);
  return { client, left: once(calls, "left") };
}

it("reads a stream as a Node stream, whose destroy closes the call", async () => {
  const { client, left } = await endless();
  const readable = Readable.from(client.watch({ interval: 1 }));
  readable.once("data", ({ cpu }) => {
    console.log(cpu);
    readable.destroy(); // closes the call
  });
  await once(readable, "close");
  await left;
});

it("reads a stream as a web stream, whose cancel closes the call", async () => {
  const { client, left } = await endless();
  const reader = ReadableStream.from(client.watch({ interval: 1 })).getReader();
  const { value } = await reader.read();
  await reader.cancel(); // closes the call
  expect(value).toMatchObject({ cpu: 0 });
  await left;
});

it("reads a stream with RxJS, whose unsubscribe closes the call", async () => {
  const { client, left } = await endless();
  const loads = from(toObservable(() => client.watch({ interval: 1 }))).pipe(
    map(({ cpu }) => cpu),
    retry(3), // makes new calls
    take(2), // closes the call
  );
  expect(await lastValueFrom(loads.pipe(toArray()))).toEqual([0, 1]);
  await left;
});

it("pipes events to a client, until it leaves", async () => {
  const sensor = new EventEmitter();
  const { transport } = await start((router) => {
    const monitor: Partial<MonitorServiceHandler> = {
      async watch(_request, stream) {
        stream.sendHeaders();
        await pipeEvents(sensor, "sample", stream, { maxMessages: 100, whenFull: "drop-oldest" });
      },
    };
    registerMonitorService(router, monitor);
  });
  const stream = createMonitorServiceClient(transport).watch({ interval: 1 });
  await stream.header;
  sensor.emit("sample", { cpu: 7 });
  expect(await stream.recv()).toMatchObject({ cpu: 7 });
  const removed = new Promise((resolve) => sensor.once("gone", resolve));
  const { off } = sensor;
  sensor.off = (event, listener) => {
    off.call(sensor, event, listener);
    if (sensor.listenerCount("sample") === 0) sensor.emit("gone");
    return sensor;
  };
  stream.close();
  await removed;
});

it("pipes an iterable to a server", async () => {
  const analytics: AnalyticsServiceHandler = {
    async process(stream) {
      let count = 0n;
      for await (const _ of stream) count++;
      await stream.sendAndClose({ processedCount: count });
    },
  };
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const client = createAnalyticsServiceClient(transport);
  async function* clicks() {
    for (let i = 0; i < 10; i++) yield { eventType: "click" };
  }
  const stream = client.process();
  await pipeIterable(clicks(), stream, { maxMessages: 8 });
  const { processedCount } = await stream.closeAndRecv();
  expect(processedCount).toBe(10n);
});
