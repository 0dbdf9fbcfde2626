// SPDX-License-Identifier: Apache-2.0
// The README's first project, within this repository. `.ci/third-party.sh` runs it outside.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, it, onTestFinished } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = (name: string) => [
  "--import",
  "tsx",
  fileURLToPath(new URL(`snippets/getting-started/src/${name}.ts`, import.meta.url)),
];

it.each(["SIGINT", "SIGTERM"] as const)("serves and watches, until %s", async (signal) => {
  const server = spawn(process.execPath, program("server"), {
    cwd: root,
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void server.kill("SIGKILL"));
  const [line]: string[] = await once(server.stdout.setEncoding("utf8"), "data");
  const SERVER_URL = line?.replace("listening on ", "").trim();
  const { stdout } = await promisify(execFile)(process.execPath, program("client"), {
    cwd: root,
    env: { ...process.env, SERVER_URL },
  });
  expect(stdout).toMatch(/^(load \d+\.\d\d, memory \d+\.\d %\n){3}$/);
  server.kill(signal);
  const [code] = await once(server, "close");
  expect(code).toBe(0);
});
