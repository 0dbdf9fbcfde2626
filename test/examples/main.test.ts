// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
// tsx as a loader: a process of its own would stand between the signal and the example.
const args = ["--import", "tsx", "examples/main.ts"];

it("runs all scenarios, and ends with exit code 0", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(stderr).toBe("");
  for (const client of ["speaks gRPC", "speaks gRPC-Web", "speaks Connect", "is grpc-js"]) {
    expect(stdout).toContain(`monitor, client ${client}\n`);
    expect(stdout).toContain(`analytics, client ${client}\n`);
  }
  expect(stdout.match(/server: stopped sampling/g)).toHaveLength(4);
  expect(stdout.match(/320 were processed/g)).toHaveLength(4);
  expect(stdout).toContain("all 4 members heard the same 8 messages");
  expect(stdout).toContain("All as it should be.");
});

it("stops in the middle, on Ctrl-C", async () => {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const stderr: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    if (text.includes("client: CPU")) break;
  }
  child.stdout.resume();
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  expect(stderr.join("").trim()).toBe("Interrupted.");
  expect(code).toBe(130);
});
