// SPDX-License-Identifier: Apache-2.0
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
// tsx as a loader: a process of its own would stand between the signal and the example.
const args = ["--import", "tsx", "examples/main.ts"];
const clients = ["Ada (gRPC)", "Björn (gRPC-Web)", "Chiyo (Connect)", "Dana (grpc-js)"];

it("tells its story to the end, and ends with exit code 0", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { cwd: root });
  expect(stderr).toBe("");
  expect(stdout, "colours, which nobody sees").not.toContain("\u001b");
  // Four clients, in every scene that is for all.
  for (const [at, client] of clients.entries()) {
    const lines = stdout.split("\n").filter((line) => line.startsWith(`  ${client}`));
    expect(lines).toContainEqual(expect.stringContaining(`says "Hello from member ${at + 1}"`));
    expect(lines).toContainEqual(expect.stringMatching(/CPU .*; CPU .*; leaves the loop$/));
    expect(lines).toContainEqual(
      expect.stringContaining("uploaded 320 events, 320 were processed"),
    );
  }
  expect(stdout).toContain("All 4 members heard the same 4 messages.");
  expect(stdout.match(/server +stopped sampling after 2 samples/g)).toHaveLength(4);
  expect(stdout).toMatch(/server +upload failed after 100 events: \[canceled\]/);
  expect(stdout).toContain("gets `unavailable`");
  const [, accepted] = /sends (\d+) events of 16 KiB. The next `send` waits/.exec(stdout) ?? [];
  expect(stdout).toMatch(new RegExp(`server +processed ${Number(accepted) + 1} events\n`));
  expect(stdout).toMatch(/\nAll as it should be\.\n$/);
});

it("stops in the middle, on Ctrl-C", async () => {
  const child = spawn(process.execPath, args, { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
  const stderr: string[] = [];
  child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.push(text));
  for await (const text of child.stdout.setEncoding("utf8").iterator({ destroyOnReturn: false })) {
    if (text.includes("a cancel reaches the handler")) break;
  }
  child.stdout.resume();
  child.kill("SIGINT");
  const [code] = await once(child, "close");
  expect(stderr.join("").trim()).toBe("Interrupted.");
  expect(code).toBe(130);
});
