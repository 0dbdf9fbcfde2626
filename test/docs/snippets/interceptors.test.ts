// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createContextKey, type Interceptor } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { expect, it } from "vitest";
import {
  createMonitorServiceClient,
  type MonitorServiceHandler,
  registerMonitorService,
} from "../../../gen/monitor/v1/monitor_stream.js";
import { start } from "./harness.js";

const user = createContextKey("nobody");

/** On the server: who calls. */
const authenticate: Interceptor = (next) => async (request) => {
  const token = request.header.get("authorization");
  if (token !== "Bearer ada's") throw new ConnectError("who are you?", Code.Unauthenticated);
  request.contextValues.set(user, "ada");
  return next(request);
};

/** On the client: the token. */
const withToken: Interceptor = (next) => (request) => {
  request.header.set("authorization", "Bearer ada's");
  return next(request);
};

it("authenticates streams", async () => {
  const seen: string[] = [];
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      seen.push(stream.context.values.get(user));
      await stream.send({ cpu: 1, memory: 2 });
    },
  };
  const { url, transport } = await start((router) => registerMonitorService(router, monitor), {
    interceptors: [authenticate],
  });
  await expect(
    createMonitorServiceClient(transport).watch({ interval: 1 }).recv(),
  ).rejects.toMatchObject({ code: Code.Unauthenticated });
  const signedIn = createStreamTransport({
    baseUrl: url,
    protocol: "grpc",
    interceptors: [withToken],
  });
  const stream = createMonitorServiceClient(signedIn).watch({ interval: 1 });
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
  expect(await stream.recv()).toBeUndefined();
  expect(seen).toEqual(["ada"]);
});

it("counts what goes through a stream", async () => {
  const messages: string[] = [];
  const countResponses: Interceptor = (next) => async (request) => {
    const response = await next(request);
    if (!response.stream) return response;
    return { ...response, message: counted(response.message, response.method.name) };
  };
  async function* counted<T>(stream: AsyncIterable<T>, name: string): AsyncIterable<T> {
    for await (const message of stream) {
      messages.push(name);
      yield message;
    }
  }
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      await stream.send({ cpu: 1, memory: 2 });
      await stream.send({ cpu: 3, memory: 4 });
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor), {
    interceptors: [countResponses],
  });
  for await (const _ of createMonitorServiceClient(transport).watch({ interval: 1 }));
  expect(messages).toEqual(["Watch", "Watch"]);
});

it("sends and reads headers and trailers", async () => {
  const monitor: Partial<MonitorServiceHandler> = {
    async watch(_request, stream) {
      const { requestHeader, responseHeader, responseTrailer } = stream.context;
      responseHeader.set("host-name", requestHeader.get("which-host") ?? "any");
      stream.sendHeaders(); // now, not with the first message
      await stream.send({ cpu: 1, memory: 2 });
      responseTrailer.set("samples", "1");
    },
  };
  const { transport } = await start((router) => registerMonitorService(router, monitor));
  const client = createMonitorServiceClient(transport);
  const seen: number[] = [];
  const stream = client.watch({ interval: 1 }, { headers: { "which-host": "db-1" } });
  const hostName = (await stream.header).get("host-name");
  for await (const { cpu } of stream) seen.push(cpu);
  const samples = (await stream.trailer).get("samples");
  expect([hostName, samples, seen]).toEqual(["db-1", "1", [1]]);
});
