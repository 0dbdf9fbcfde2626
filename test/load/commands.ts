// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Programs of a test, in processes of their own, and what they are asked. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How long a program may go on without its parent. */
const ORPHAN_MS = 15_000;

interface Question {
  readonly id: number;
  readonly command: string;
  readonly argument: unknown;
}

type Answer = { readonly id: number } & ({ readonly result: unknown } | { readonly error: string });

/** Answers the parent's questions, until it lets go. */
export function answer(commands: Record<string, (argument: never) => unknown>): void {
  // One that something holds must not outlive its test for long.
  process.on("disconnect", () => setTimeout(() => process.exit(1), ORPHAN_MS).unref());
  process.on("message", async ({ id, command, argument }: Question) => {
    try {
      const result = await commands[command]?.(argument as never);
      process.send?.({ id, result: result ?? null } satisfies Answer);
    } catch (error) {
      process.send?.({ id, error: error instanceof Error ? `${error.stack}` : String(error) });
    }
  });
}

/** A program that runs. */
export interface Child extends AsyncDisposable {
  ask<T>(command: string, argument?: unknown): Promise<T>;
  /** Lets go of the program, and resolves to its exit code: it ends when nothing holds it. */
  end(): Promise<number | null>;
}

/** Starts `program`, a TypeScript file, whose path is from this folder. */
export function startChild(program: string): Child {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), {
    execArgv: ["--import", "tsx", "--expose-gc", "--unhandled-rejections=strict"],
  });
  const exited = once(child, "exit") as Promise<[number | null]>;
  return {
    ask: (command, argument) => ask(child, command, argument),
    async end() {
      if (child.connected) child.disconnect();
      return (await exited)[0];
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

let questions = 0;

function ask<T>(child: ChildProcess, command: string, argument: unknown): Promise<T> {
  const id = ++questions;
  return new Promise((resolve, reject) => {
    const onMessage = (answer: Answer) => {
      if (answer.id !== id) return;
      stop();
      if ("error" in answer) reject(new Error(answer.error));
      else resolve(answer.result as T);
    };
    const onExit = (code: number | null) => {
      stop();
      reject(new Error(`the process ended with ${code} when asked to ${command}`));
    };
    const stop = () => {
      child.off("message", onMessage);
      child.off("exit", onExit);
    };
    child.on("message", onMessage).on("exit", onExit);
    child.send({ id, command, argument } satisfies Question);
  });
}

/** What a process holds. */
export interface Stats {
  /** Bytes of the heap that are in use after two collections, and of buffers beside it. */
  readonly heapBytes: number;
  /** File descriptors. */
  readonly descriptors: number;
  /** Listeners of the process object, and of what else is told. */
  readonly listeners: number;
}

/** Counts `more` listeners with those of the process. */
export function stats(more: number): Stats {
  globalThis.gc?.();
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  const ofProcess = process.eventNames().map((name) => process.listenerCount(name));
  return {
    heapBytes: heapUsed + external,
    descriptors: readdirSync("/proc/self/fd").length,
    listeners: ofProcess.reduce((sum, count) => sum + count, more),
  };
}
