// SPDX-License-Identifier: Apache-2.0
// The prompt of a terminal.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "@lydell/node-pty";
import { expect, it, onTestFinished } from "vitest";
import { startLabServer } from "./lab-server.js";
import { program } from "./run-cli.js";

/** Types each line when what it waits for is on the screen. Resolves to the screen and the exit code. */
async function type(
  args: readonly string[],
  keys: readonly (readonly [see: string, type: string])[],
) {
  const terminal = spawn(process.execPath, [program, ...args], {});
  let exited = false;
  onTestFinished(() => {
    if (!exited) terminal.kill();
  });
  const rest = [...keys];
  let screen = "";
  terminal.onData((shown) => {
    screen += shown;
    while (rest[0] && screen.includes(rest[0][0])) terminal.write(rest.shift()?.[1] ?? "");
  });
  const code = await new Promise<number>((resolve) => {
    terminal.onExit(({ exitCode }) => resolve(exitCode));
  });
  exited = true;
  return { code, screen };
}

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "connect-stream-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "call.ndjson");
}

const hello = ["> ", '{"text":"hi"}\n'] as const;
const chat = (url: string, ...flags: string[]) => ["call", url, "lab.v1.LabService/Chat", ...flags];

it("sends what is typed until /close, and says what is no message", async () => {
  const { code, screen } = await type(chat(await startLabServer()), [
    hello,
    ['{"text":"HI"}', '{"txt":"hi"}\n'],
    ["did you mean text?", "/help\n/nothing\n"],
    ["unknown command /nothing", "/close\n"],
  ]);
  expect(code).toBe(0);
  expect(screen).toContain("/close half-closes, /cancel cancels the call");
});

it.each([
  ["/cancel", "/cancel\n", 65],
  ["Ctrl-C", "\u0003", 130],
])("cancels on %s, and records it", async (_, keys, expected) => {
  const file = temporaryFile();
  const url = await startLabServer();
  const { code } = await type(chat(url, "--record", file), [hello, ['{"text":"HI"}', keys]]);
  expect(code).toBe(expected);
  expect(readFileSync(file, "utf8").trim().split("\n").at(-1)).toBe('"cancel"');
});

it("half-closes on Ctrl-D", async () => {
  const url = await startLabServer();
  const { code } = await type(chat(url), [hello, ['{"text":"HI"}', "\u0004"]]);
  expect(code).toBe(0);
});
