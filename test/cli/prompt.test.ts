// SPDX-License-Identifier: Apache-2.0
// The prompt of a terminal, which `script` of util-linux makes.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { startLabServer } from "./lab-server.js";
import { program } from "./run-cli.js";

function hasScript(): boolean {
  try {
    return execFileSync("script", ["--version"], { encoding: "utf8" }).includes("util-linux");
  } catch {
    return false;
  }
}

const itOnTerminal = hasScript() ? it : it.skip;

/** Types each line when what it waits for is on the screen. Resolves to the screen and the exit code. */
async function type(
  args: readonly string[],
  keys: readonly (readonly [see: string, type: string])[],
) {
  const command = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
  const child = spawn("script", ["-qec", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const rest = [...keys];
  let screen = "";
  child.stdout.on("data", (chunk) => {
    screen += chunk;
    while (rest[0] && screen.includes(rest[0][0])) child.stdin.write(rest.shift()?.[1] ?? "");
  });
  const code = await new Promise((resolve) => child.on("close", resolve));
  return { code, screen };
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "connect-stream-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "call.ndjson");
}

const hello = ["> ", '{"text":"hi"}\n'] as const;
const chat = (url: string, ...flags: string[]) => ["call", url, "lab.v1.LabService/Chat", ...flags];

itOnTerminal("sends what is typed until /close, and says what is no message", async () => {
  const { code, screen } = await type(chat(await startLabServer()), [
    hello,
    ['{"text":"HI"}', '{"txt":"hi"}\n'],
    ["did you mean text?", "/help\n/nothing\n"],
    ["unknown command /nothing", "/close\n"],
  ]);
  expect(code).toBe(0);
  expect(screen).toContain("/close half-closes, /cancel cancels the call");
});

itOnTerminal.each([
  ["/cancel", "/cancel\n", 65],
  ["Ctrl-C", "\u0003", 130],
])("cancels on %s, and records it", async (_, keys, expected) => {
  const file = temporaryFile();
  const url = await startLabServer();
  const { code } = await type(chat(url, "--record", file), [hello, ['{"text":"HI"}', keys]]);
  expect(code).toBe(expected);
  expect(readFileSync(file, "utf8").trim().split("\n").at(-1)).toBe('"cancel"');
});

itOnTerminal("half-closes on Ctrl-D", async () => {
  const url = await startLabServer();
  const { code } = await type(chat(url), [hello, ['{"text":"HI"}', "\u0004"]]);
  expect(code).toBe(0);
});
