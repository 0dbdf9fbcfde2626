// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the compiler takes for a handler, and what it refuses. Not run. */
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectRouter, HandlerContext } from "@connectrpc/connect";
import {
  type AnalyticsServiceHandler,
  type ProcessServerStream,
  registerAnalyticsService,
} from "../../gen/analytics/v1/analytics_stream.js";
import { type ConnectServerStream, registerChatService } from "../../gen/chat/v1/chat_stream.js";
import {
  type ReadRequest,
  type ReadResponse,
  ReadResponseSchema,
  type WatchRequest,
  WatchResponseSchema,
} from "../../gen/monitor/v1/monitor_pb.js";
import {
  type MonitorServiceHandler,
  registerMonitorService,
  type WatchServerStream,
} from "../../gen/monitor/v1/monitor_stream.js";

declare const router: ConnectRouter;

/** Every kind of RPC, with everything that its stream has. */
export function accepted(): void {
  registerMonitorService(router, {
    async watch(request, stream) {
      const interval: number = request.interval;
      const signal: AbortSignal = stream.context.signal;
      stream.sendHeaders();
      await stream.send({ cpu: interval, memory: 2 });
      await stream.send({}, { signal });
    },
    async read(request: ReadRequest, context: HandlerContext) {
      context.responseHeader.set("a", request.$typeName);
      return { cpu: 1 };
    },
  });
  registerAnalyticsService(router, {
    async process(stream) {
      let count = 0n;
      for await (const event of stream) {
        const data: Uint8Array = event.data;
        count += BigInt(data.length);
      }
      const rest = await stream.recv({ timeoutMs: 1 });
      const text: string | undefined = rest?.eventType;
      await stream.sendAndClose({ processedCount: text === undefined ? count : 0n });
    },
  });
  registerChatService(router, {
    async connect(stream) {
      for (let next = await stream.recv(); next !== undefined; next = await stream.recv()) {
        await stream.send({ message: next.message, userId: next.userId });
      }
    },
  });
}

/** A handler may leave out RPCs, be a class, and return a whole message. */
export function acceptedShapes(): ConnectRouter {
  class Monitor implements MonitorServiceHandler {
    async watch(_: WatchRequest, stream: WatchServerStream): Promise<void> {
      await stream.send(create(WatchResponseSchema));
    }
    async read(): Promise<ReadResponse> {
      return create(ReadResponseSchema);
    }
  }
  class Properties implements MonitorServiceHandler {
    readonly watch: MonitorServiceHandler["watch"] = async ({ interval }, stream) => {
      await stream.send({ cpu: interval });
    };
    readonly read: MonitorServiceHandler["read"] = (request, { drainSignal }) => {
      return { cpu: drainSignal.aborted ? 0 : request.$typeName.length };
    };
  }
  registerMonitorService(router, new Properties());
  registerMonitorService(router, { read: () => ({ cpu: 1 }) });
  registerMonitorService(router, {
    // @ts-expect-error It is no response.
    read: () => ({ gpu: 1 }),
  });
  const part: Partial<MonitorServiceHandler> = { read: async () => ({}) };
  registerMonitorService(router, part, {
    onError: (error, context) => void [error, context.signal],
  });
  registerMonitorService(router, {}, { readMaxBytes: 1, grpcWeb: false });
  return registerMonitorService(router, new Monitor());
}

/** What is wrong is refused. */
export function refused(): void {
  registerMonitorService(router, {
    // @ts-expect-error the response has no such field
    read: async () => ({ cpus: 1 }),
  });
  registerMonitorService(router, {
    // @ts-expect-error the response is not optional
    read: async () => undefined,
  });
  registerMonitorService(router, {
    // @ts-expect-error a message of another type
    read: async (request: ReadRequest) => request,
  });
  registerMonitorService(router, {
    // @ts-expect-error not a promise: handlers are asynchronous
    watch() {},
  });
  registerMonitorService(router, {
    // @ts-expect-error no such RPC
    observe: async () => {},
  });
  registerMonitorService(router, {
    async watch(request, stream) {
      // @ts-expect-error the request has no such field
      request.seconds;
      // @ts-expect-error a field of the wrong type
      await stream.send({ cpu: "high" });
      // @ts-expect-error a server stream does not receive
      await stream.recv();
      // @ts-expect-error it ends when the handler returns
      stream.close();
      // @ts-expect-error the context is the call's, not the handler's to replace
      stream.context = undefined;
    },
  });
  // @ts-expect-error a handler of another service
  registerAnalyticsService(router, { watch: async () => {} });
  // @ts-expect-error no such option
  registerMonitorService(router, {}, { onErrors: () => {} });
}

/** Each kind of stream has its own methods, and messages of its own types. */
export async function refusedStreams(
  upload: ProcessServerStream,
  chat: ConnectServerStream,
): Promise<void> {
  // @ts-expect-error one response, with sendAndClose
  await upload.send({ processedCount: 1n });
  // @ts-expect-error int64 is a bigint
  await upload.sendAndClose({ processedCount: 1 });
  // @ts-expect-error the end of the stream is undefined
  (await upload.recv()).eventType;
  // @ts-expect-error the end of the stream is undefined
  (await chat.recv()).message;
  // @ts-expect-error a bidirectional stream sends and returns
  await chat.sendAndClose({});
  // @ts-expect-error a field of the response, not of the request
  (await chat.recv())?.timestamp;
}

/** All of a handler's type is there, for those who want to be told of what is missing. */
export function whole(): AnalyticsServiceHandler[] {
  // @ts-expect-error process is missing
  const empty: AnalyticsServiceHandler = {};
  const response: MessageInitShape<typeof ReadResponseSchema> = { memory: 1 };
  // @ts-expect-error another service's
  const other: AnalyticsServiceHandler = { read: async () => response };
  return [empty, other];
}
