// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";

/** A command, and what it has in its environment. */
export interface Command {
  readonly command: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A server that runs. */
export interface RunningProcess extends AsyncDisposable {
  readonly port: number;
  /** All that it printed. */
  readonly output: () => string;
}

/** How long a server may take to start, in milliseconds. */
const START_MS = 30_000;

/** Starts a server. Resolves when it has printed the port that it listens on. */
export async function startServer(what: Command, portIn: RegExp): Promise<RunningProcess> {
  const child = start(what);
  const output = collect(child);
  const port = await new Promise<number>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}: ${output()}`));
    const timer = setTimeout(() => fail("it does not listen"), START_MS);
    child.on("exit", () => fail("it has ended"));
    const look = () => {
      const [, found] = portIn.exec(output()) ?? [];
      if (found === undefined) return;
      clearTimeout(timer);
      resolve(Number(found));
    };
    for (const stream of child.stdio) stream?.on("data", look);
  }).catch(async (error: unknown) => {
    await end(child);
    throw error;
  });
  return { port, output, [Symbol.asyncDispose]: () => end(child) };
}

/** Runs a command to its end, or for `maxMs` milliseconds. Resolves to what it printed. */
export async function runToEnd(what: Command, maxMs: number): Promise<string> {
  const child = start(what);
  const output = collect(child);
  const timer = setTimeout(() => child.kill("SIGKILL"), maxMs);
  await once(child, "close");
  clearTimeout(timer);
  return output();
}

function start({ command: [program = "", ...args], env }: Command): ChildProcess {
  return spawn(program, args, {
    env: { ...process.env, ...env },
    // The fourth is for what workerd tells of itself.
    stdio: ["ignore", "pipe", "pipe", "pipe"],
  });
}

function collect(child: ChildProcess): () => string {
  let text = "";
  for (const stream of child.stdio) {
    stream?.on("data", (data: Buffer) => {
      text += data.toString();
    });
  }
  return () => text;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill("SIGKILL");
  await once(child, "exit");
}
