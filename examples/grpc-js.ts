// SPDX-License-Identifier: Apache-2.0
// A client that knows nothing of us: @grpc/grpc-js, which reads the .proto files as it starts.
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { parseEvent } from "./analytics/client.js";

type Said = { message: string; userId: string };
type Heard = Said & { timestamp: string };

/** What the .proto files say, as far as it is used here. grpc-js itself has no types for it. */
interface Monitor extends grpc.Client {
  watch(
    request: { interval: number },
    options: grpc.CallOptions,
  ): grpc.ClientReadableStream<{ cpu: number; memory: number }>;
}
interface Analytics extends grpc.Client {
  process(
    options: grpc.CallOptions,
    done: (error: grpc.ServiceError | null, response?: { processedCount: string }) => void,
  ): grpc.ClientWritableStream<ReturnType<typeof parseEvent>>;
}
interface Chat extends grpc.Client {
  connect(options: grpc.CallOptions): grpc.ClientDuplexStream<Said, Heard>;
}
type Constructor<T> = new (address: string, credentials: grpc.ChannelCredentials) => T;
interface Packages {
  monitor: { v1: { MonitorService: Constructor<Monitor> } };
  analytics: { v1: { AnalyticsService: Constructor<Analytics> } };
  chat: { v1: { ChatService: Constructor<Chat> } };
}

const { monitor, analytics, chat } = grpc.loadPackageDefinition(
  loadSync(["monitor/v1/monitor.proto", "analytics/v1/analytics.proto", "chat/v1/chat.proto"], {
    includeDirs: ["../proto", "../third_party/protovalidate"].map((folder) =>
      fileURLToPath(new URL(folder, import.meta.url)),
    ),
    longs: String,
    defaults: true,
  }),
) as unknown as Packages;

const insecure = grpc.credentials.createInsecure();
const options = (): grpc.CallOptions => ({ deadline: Date.now() + 10_000 });

/** Takes `samples` samples, then cancels. */
export async function watchWithGrpcJs(
  address: string,
  samples: number,
  log: (line: string) => void,
): Promise<void> {
  const client = new monitor.v1.MonitorService(address, insecure);
  const call = client.watch({ interval: 1 }, options());
  call.once("status", () => client.close());
  let seen = 0;
  try {
    for await (const { cpu, memory } of call) {
      log(`CPU ${cpu.toFixed(1)} %, memory ${memory.toFixed(1)} %`);
      if (++seen === samples) call.cancel();
    }
  } catch (error) {
    // grpc-js reports its own cancel as an error.
    if (seen < samples) throw error;
  }
}

/** Uploads a file of events. Resolves to how many were processed. */
export async function uploadWithGrpcJs(address: string, path: string | URL): Promise<bigint> {
  const client = new analytics.v1.AnalyticsService(address, insecure);
  const text = await readFile(path, "utf8");
  return new Promise<bigint>((resolve, reject) => {
    const call = client.process(options(), (error, response) =>
      error ? reject(error) : resolve(BigInt(response?.processedCount ?? 0)),
    );
    call.once("status", () => client.close());
    for (const line of text.trimEnd().split("\n")) call.write(parseEvent(line));
    call.end();
  });
}

/** Enters the room. Resolves, when the server has let us in, to a function that talks and leaves. */
export async function enterWithGrpcJs(address: string) {
  const client = new chat.v1.ChatService(address, insecure);
  const call = client.connect(options());
  call.once("status", () => client.close());
  await once(call, "metadata");
  return async (userId: string, lines: string[], count: number): Promise<Heard[]> => {
    const heard: Heard[] = [];
    for (const message of lines) call.write({ message, userId });
    for await (const message of call) {
      heard.push(message);
      if (heard.length === count) call.end();
    }
    return heard;
  };
}
