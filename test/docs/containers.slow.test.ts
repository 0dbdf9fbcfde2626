// SPDX-License-Identifier: Apache-2.0
// The files of docs/containers.md, in a fresh folder, built and started as its Dockerfile and its manifest
// say. There is no Docker here: what npm would install is linked.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { createClient } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { createMonitorServiceClient } from "../../gen/monitor/v1/monitor_stream.js";
import { Health } from "../../runtime/src/gen/grpc/health/v1/health_pb.js";
import { codeBlocks } from "./code-blocks.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A folder with the files of the README's project, and those of the page over them. */
async function createProject(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "containers-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  for (const page of ["README.md", "docs/generated.md", "docs/containers.md"]) {
    for (const { title, language, text } of codeBlocks(
      page,
      await readFile(join(root, page), "utf8"),
    )) {
      if (title === undefined || language === "sh") continue;
      await mkdir(dirname(join(folder, title)), { recursive: true });
      await writeFile(join(folder, title), `${text}\n`);
    }
  }
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** What the Dockerfile runs to build, npm apart, and what its container runs. */
function readDockerfile(text: string): { build: string[]; command: string[] } {
  const run = [...text.matchAll(/^RUN (.*)$/gm)].map(([, command = ""]) => command);
  const [, command = "[]"] = /^CMD (\[.*\])$/m.exec(text) ?? [];
  return { build: run.filter((line) => !line.startsWith("npm ")), command: JSON.parse(command) };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  server.close();
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A value of the manifest, which is simple enough for that. */
function manifestValue(manifest: string, pattern: RegExp): string {
  const [, value] = pattern.exec(manifest) ?? [];
  if (value === undefined) throw new Error(`the manifest has no ${pattern}`);
  return value;
}

it("is built, probed and stopped as the page says", async () => {
  const folder = await createProject();
  const { build, command } = readDockerfile(await readFile(join(folder, "Dockerfile"), "utf8"));
  expect(build).toHaveLength(2);
  for (const line of build) {
    const step = spawn("bash", ["-euc", line], {
      cwd: folder,
      stdio: ["ignore", "inherit", "inherit"],
    });
    expect((await once(step, "close"))[0], line).toBe(0);
  }

  const manifest = await readFile(join(folder, "deployment.yaml"), "utf8");
  const port = await freePort();
  const [program = "", ...args] = command;
  const server = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, [manifestValue(manifest, /name: (PORT)$/m)]: String(port) },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  const lines = createInterface({ input: server.stdout })[Symbol.asyncIterator]();
  expect((await lines.next()).value).toBe(`listening on http://127.0.0.1:${port}`);

  // Another address than localhost's: that of the container, as the kubelet has it.
  const probe = manifestValue(manifest, /path: (\S+)$/m);
  expect((await fetch(`http://127.0.0.2:${port}${probe}`)).status).toBe(200);
  const transport = createStreamTransport({
    baseUrl: `http://127.0.0.2:${port}`,
    protocol: "grpc",
  });
  expect((await createClient(Health, transport).check({})).status).toBe(1);

  const watch = createMonitorServiceClient(transport).watch({ interval: 60 });
  await watch.recv();
  server.kill("SIGTERM");
  expect((await lines.next()).value).toContain(
    "waiting for 1 call: /monitor.v1.MonitorService/Watch",
  );
  watch.close();
  expect((await once(server, "close"))[0]).toBe(0);
});

it("has time for all that happens when a pod is replaced", async () => {
  const read = (name: string) =>
    readFile(join(root, "test/docs/snippets/containers", name), "utf8");
  const [manifest, server] = await Promise.all([read("deployment.yaml"), read("src/server.ts")]);
  const seconds = (pattern: RegExp) => Number(manifestValue(manifest, pattern));
  const graceMs = Number(manifestValue(server, /graceMs: ([\d_]+)/).replaceAll("_", ""));
  const total = seconds(/terminationGracePeriodSeconds: (\d+)/);
  expect(total).toBeGreaterThan(seconds(/seconds: (\d+)/) + graceMs / 1000);
});
