// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The server that is attacked, a process of its own: `serve()` with its defaults. */
import {
  type ConnectionProblem,
  type RunningServer,
  type ServeOptions,
  serve,
} from "connect-stream/node";
import { answer, stats } from "../load/commands.js";
import { gate, turn } from "../support/gate.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { selfSigned } from "../support/tls.js";

/** What an attack changes of the defaults, where they take minutes. */
export interface ServerOptions extends Pick<ServeOptions, "idleTimeoutMs" | "http2"> {
  readonly secure?: boolean;
}

/** What a server holds, and has needed. */
export interface ServerStats {
  /** The heap and buffers, after collections. */
  readonly heapBytes: number;
  /** The most that the process has ever had. */
  readonly peakBytes: number;
  readonly cpuMs: number;
  /** Handlers that have not returned. */
  readonly running: number;
  /** The most of them at once, since the last time that this was asked. */
  readonly mostRunning: number;
}

let server: RunningServer;
let running = 0;
let mostRunning = 0;
let held = gate();
const problems: ConnectionProblem[] = [];

async function counted<T>(body: () => Promise<T>): Promise<T> {
  running++;
  mostRunning = Math.max(mostRunning, running);
  try {
    return await body();
  } finally {
    running--;
  }
}

const handler: LabServiceHandler = {
  unary: (request) => counted(async () => request),
  download: ({ number, text }, stream) =>
    counted(async () => {
      for (let i = 0n; i < number; i++) await stream.send({ text });
    }),
  upload: (stream) =>
    counted(async () => {
      while (await stream.recv());
    }),
  /** Does not look at its signal. */
  chat: () => counted(() => held.promise),
};

answer({
  async listen({ secure, ...options }: ServerOptions) {
    server = await serve({
      ...options,
      ...(secure && { tls: selfSigned }),
      onConnectionError: (problem) => problems.push(problem),
      routes: (router) => registerLabService(router, handler, { onError: () => undefined }),
    });
    return server.url;
  },
  async stats(): Promise<ServerStats> {
    // What is garbage after one turn may need another to be swept.
    for (let i = 0; i < 3; i++) {
      stats(0);
      await turn();
    }
    const { user, system } = process.cpuUsage();
    const peakBytes = process.resourceUsage().maxRSS * 1024;
    const most = mostRunning;
    mostRunning = running;
    const { heapBytes } = stats(0);
    return { heapBytes, peakBytes, cpuMs: (user + system) / 1000, running, mostRunning: most };
  },
  running: () => running,
  problems: () => problems.splice(0),
  /** Lets go of the handlers that do not look at their signals. */
  release() {
    held.resolve();
    held = gate();
  },
  close: () => server.close({ graceMs: 0 }),
});
