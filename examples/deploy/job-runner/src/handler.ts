// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable, type Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { Code, ConnectError } from "connect-stream";
import { pipeIterable } from "connect-stream/interop";
import type { JobServiceHandler, ShellServerStream } from "../gen/jobs/v1/jobs_stream.js";
import { Job } from "./job.js";

const jobs = new Map<string, Job>();
const folder = await mkdtemp(join(tmpdir(), "jobs-"));

export const handler: JobServiceHandler = {
  async submit({ command }) {
    const jobId = randomUUID();
    jobs.set(jobId, new Job(command));
    return { $typeName: "jobs.v1.SubmitResponse", jobId };
  },

  async tail({ jobId, afterLine }, stream) {
    const job = jobs.get(jobId);
    if (!job) throw new ConnectError(`no job ${jobId}`, Code.NotFound);
    for await (const line of job.tail(afterLine, stream.context.signal)) await stream.send(line);
  },

  async upload({ name }, stream) {
    const path = join(folder, basename(name));
    const part = `${path}.${randomUUID()}`;
    let size = 0n;
    const chunks = async function* () {
      for await (const { chunk } of stream) {
        size += BigInt(chunk.length);
        yield chunk;
      }
    };
    try {
      // Rejects if the client cancels: a file that was cut is never stored.
      await pipeline(Readable.from(chunks()), createWriteStream(part));
      await rename(part, path);
    } finally {
      await rm(part, { force: true });
    }
    await stream.sendAndClose({ size });
  },

  async shell(stream) {
    const child = spawn("sh", { cwd: folder, detached: true, stdio: ["pipe", "pipe", "inherit"] });
    const exited = new Promise<void>((resolve) => child.once("close", () => resolve()));
    // A shell that has ended takes no more input.
    child.stdin.on("error", () => {});
    // A cancel fails both directions, and either kills the shell.
    receiveInput(stream, child.stdin).catch(() => killGroup(child.pid));
    try {
      await pipeIterable(output(child.stdout), stream);
    } finally {
      killGroup(child.pid);
      await exited;
      console.log("the shell has ended");
    }
  },
};

async function receiveInput(stream: ShellServerStream, stdin: Writable): Promise<void> {
  for await (const { input } of stream) {
    if (!stdin.write(input)) await once(stdin, "drain", { signal: stream.context.signal });
  }
  stdin.end();
}

/** Ends a shell, and what it has started. */
function killGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

async function* output(stdout: Readable) {
  for await (const chunk of stdout) yield { output: chunk };
}
