// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { Log } from "../examples/harness.js";

/** A program of an example that runs, as its reader starts it. */
export interface RunningExample extends AsyncDisposable {
  readonly log: Log;
  readonly url: string;
}

/** Starts an example's server. Resolves when it says that it listens. */
export async function startExample(folder: string, command: string): Promise<RunningExample> {
  const port = await freePort();
  const log = new Log();
  const child = start(folder, command, { PORT: `${port}` }, log);
  try {
    await Promise.race([
      log.until(/listening on|Ready in/, 1, 300_000),
      once(child, "exit").then(() => {
        throw new Error("the server ended");
      }),
    ]);
  } catch (error) {
    await stop(child);
    throw new Error(log.lines.join("\n"), { cause: error });
  }
  return {
    log,
    url: `http://localhost:${port}`,
    [Symbol.asyncDispose]: () => stop(child),
  };
}

/** Runs an example's client to its end. Returns what it printed. */
export async function runClient(folder: string, command: string, url: string): Promise<string[]> {
  const log = new Log();
  const child = start(folder, command, { SERVER_URL: url }, log);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(log.lines.join("\n"));
  return log.lines;
}

/** Runs in a process group of its own, to end all that it starts. */
function start(
  cwd: string,
  command: string,
  env: Readonly<Record<string, string>>,
  log: Log,
): ChildProcess {
  const child = spawn(command, {
    cwd,
    shell: true,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_ENV: undefined, ...env },
  });
  let rest = "";
  const read = (chunk: Buffer) => {
    const lines = `${rest}${chunk}`.split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(log.write);
  };
  child.stdout.on("data", read);
  child.stderr.on("data", read);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.pid === undefined) return;
  const closed = once(child, "close");
  process.kill(-child.pid, "SIGKILL");
  await closed;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0);
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
