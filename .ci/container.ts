// SPDX-License-Identifier: Apache-2.0
// docs/containers.md from its image to its last pod, without Docker: builds what the Dockerfile builds, starts
// its command with the manifest's environment, probes it as the kubelet does, calls it, and replaces it.
// tsx .ci/container.ts CONTEXT FOLDER PACKAGE…: the packages are those that npm would fetch.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, readFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import {
  type ClientReadableStream,
  credentials,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { createStreamTransport } from "connect-stream/node";
import { service as healthService } from "grpc-health-check";
import { createMonitorServiceClient } from "../gen/monitor/v1/monitor_stream.js";
import { buildImage } from "./dockerfile.js";

const [context, folder, ...packages] = process.argv.slice(2);
if (context === undefined || folder === undefined) {
  throw new Error("usage: tsx .ci/container.ts CONTEXT FOLDER PACKAGE…");
}

const image = buildImage({
  context,
  // As the page says of `.dockerignore`.
  ignored: ["node_modules", "gen", "dist"],
  folder: mkdtempSync(join(folder, "image-")),
  prepare(root) {
    for (const path of packages) copyFileSync(path, join(root, basename(path)));
  },
});

const manifest = readFileSync(join(context, "deployment.yaml"), "utf8");
/** A value of the manifest, which is simple enough for that. */
function manifestValue(pattern: RegExp): string {
  const [, value] = pattern.exec(manifest) ?? [];
  assert(value !== undefined, `the manifest has no ${pattern}`);
  return value;
}
const probePath = manifestValue(/livenessProbe:\n\s+httpGet:\n\s+path: (\S+)$/m);
const probesGrpc = /readinessProbe:\n\s+grpc:/.test(manifest);
assert(probesGrpc, "the manifest has no gRPC probe");
const graceMs = 1000 * Number(manifestValue(/terminationGracePeriodSeconds: (\d+)$/m));

// A pod has all ports to itself; here, one that is free stands for the manifest's.
const port = await freePort();
const [program = "", ...args] = image.command;
const server = spawn(program, args, {
  cwd: image.folder,
  // Nothing of this machine's environment: that of the image and of the manifest.
  env: { PATH: process.env.PATH, ...image.env, [manifestValue(/name: (PORT)$/m)]: String(port) },
  stdio: ["ignore", "pipe", "inherit"],
});
process.once("exit", () => server.kill("SIGKILL"));
const exited = once(server, "exit");
const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
const nextLine = async (): Promise<string> => (await lines.next()).value ?? "the end";
const log = (text: string) => console.log(`container: ${text}`);

// Where the kubelet finds it: not at localhost.
const address = `127.0.0.2:${port}`;
log(await nextLine());

interface HealthClient {
  check(request: object, done: (error: ServiceError | null, response: unknown) => void): void;
  watch(request: object): ClientReadableStream<{ status: string }>;
}
const Health = makeGenericClientConstructor(healthService, "Health");

/** A probe has a connection of its own. */
async function probeGrpc(): Promise<unknown> {
  const base = new Health(address, credentials.createInsecure());
  const client = base as unknown as HealthClient;
  const answer = await new Promise((resolve) => {
    client.check({ service: "" }, (error, response) => resolve(error?.code ?? response));
  });
  base.close();
  return answer;
}

async function probeHttp(): Promise<number | "refused"> {
  return fetch(`http://${address}${probePath}`, { headers: { connection: "close" } }).then(
    (response) => response.status,
    () => "refused",
  );
}

assert.deepEqual(await probeGrpc(), { status: "SERVING" });
assert.equal(await probeHttp(), 200);
log("ready and alive");

const watch = (new Health(address, credentials.createInsecure()) as unknown as HealthClient).watch({
  service: "monitor.v1.MonitorService",
});
const seen: string[] = [];
const goodbye = new Promise<void>((resolve) => {
  watch.on("data", (response) => {
    seen.push(response.status);
    if (response.status === "NOT_SERVING") resolve();
  });
});
const watchEnded = new Promise<ServiceError>((resolve) => watch.once("error", resolve));
await once(watch, "data");

const transport = createStreamTransport({ baseUrl: `http://${address}`, protocol: "grpc" });
const samples = createMonitorServiceClient(transport).watch({ interval: 1 });
assert(await samples.recv(), "no sample");
log("a call is open");

const started = performance.now();
server.kill("SIGTERM");
log(await nextLine());
await goodbye;
assert.deepEqual(seen, ["SERVING", "NOT_SERVING"]);
assert.equal((await watchEnded).code, status.UNAVAILABLE);
// New connections find nobody, so both probes fail. A pod that ends is out of its service anyway.
assert.deepEqual([await probeGrpc(), await probeHttp()], [status.UNAVAILABLE, "refused"]);
// The open call goes on until its client has what it wants.
assert(await samples.recv(), "the call was cut");
await samples.close();
const [code] = await exited;
assert.equal(code, 0);
assert(performance.now() - started < graceMs, "Kubernetes would have killed it");
log("drained, and exited with 0");

async function freePort(): Promise<number> {
  const socket = createServer().listen(0, "0.0.0.0");
  await once(socket, "listening");
  const { port } = socket.address() as AddressInfo;
  socket.close();
  return port;
}
