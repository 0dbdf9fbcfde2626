// SPDX-License-Identifier: Apache-2.0
// The README's first project, within this repository. `.ci/third-party.sh` runs it outside.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Code } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { createMonitorServiceClient } from "../../gen/monitor/v1/monitor_stream.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = (name: string) => [
  "--import",
  "tsx",
  fileURLToPath(new URL(`snippets/getting-started/src/${name}.ts`, import.meta.url)),
];

/** Starts the server; gives its address, and its next line. */
async function startServer() {
  const server = spawn(process.execPath, program("server"), {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => (await lines.next()).value;
  const url = (await nextLine()).replace("listening on ", "");
  return { server, url, nextLine };
}

it.each(["SIGINT", "SIGTERM"] as const)("serves and watches, until %s", async (signal) => {
  const { server, url } = await startServer();
  const { stdout } = await promisify(execFile)(process.execPath, program("client"), {
    cwd: root,
    env: { ...process.env, SERVER_URL: url },
  });
  expect(stdout).toMatch(/^(load \d+\.\d\d, memory \d+\.\d %\n){3}$/);
  server.kill(signal);
  const [code] = await once(server, "close");
  expect(code).toBe(0);
});

it("waits for open calls and says so, until a second signal", async () => {
  const { server, url, nextLine } = await startServer();
  const transport = createStreamTransport({ baseUrl: url, protocol: "grpc" });
  const client = createMonitorServiceClient(transport);
  const streams = [client.watch({ interval: 60 }), client.watch({ interval: 60 })];
  for (const stream of streams) await stream.recv();
  server.kill("SIGTERM");
  expect(await nextLine()).toBe(
    "waiting for 2 calls: /monitor.v1.MonitorService/Watch (2); signal again to end them now",
  );
  server.kill("SIGINT");
  const [code] = await once(server, "close");
  expect(code).toBe(0);
  for (const stream of streams) {
    await expect(stream.recv()).rejects.toMatchObject({ code: Code.Unavailable });
  }
});
