// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { type DescMethod, fromJson, type JsonValue, toJson } from "@bufbuild/protobuf";
import { TestRequestSchema, TestResponseSchema } from "../gen/interop/v1/interop_pb.js";
import type { DialOptions, Ending, PeerClient, PeerServer } from "../peer.js";

/**
 * A program that speaks a line of JSON for each command and for each reply, in any order. What it
 * is told is what a `PeerCall` is told; its name for a call is ours.
 */
class Child {
  readonly #process;
  readonly #replies = new Map<number, (reply: Reply) => void>();
  readonly #exited: Promise<void>;
  #commands = 0;

  constructor([program, ...args]: readonly [string, ...string[]]) {
    this.#process = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.#exited = new Promise((resolve) => {
      this.#process.once("close", () => resolve());
    });
    void this.#exited.then(() => this.#fail(`${program} has exited`));
    this.#process.on("error", (error) => this.#fail(error.message));
    this.#process.stdin.on("error", () => undefined);
    createInterface({ input: this.#process.stdout }).on("line", (line) => {
      const reply = JSON.parse(line) as Reply & { id: number };
      this.#replies.get(reply.id)?.(reply);
      this.#replies.delete(reply.id);
    });
  }

  async do<R>(op: string, command: object = {}): Promise<R> {
    const id = ++this.#commands;
    const reply = await new Promise<Reply>((resolve) => {
      this.#replies.set(id, resolve);
      this.#process.stdin.write(`${JSON.stringify({ id, op, ...command })}\n`);
    });
    if (reply.error !== undefined) throw new Error(`${op}: ${reply.error}`);
    return reply.result as R;
  }

  /** Ends the program: it stops at the end of its input. */
  async close(): Promise<void> {
    this.#process.stdin.end();
    await this.#exited;
  }

  #fail(error: string): void {
    for (const reply of this.#replies.values()) reply({ error });
    this.#replies.clear();
  }
}

interface Reply {
  readonly result?: unknown;
  readonly error?: string;
}

type Command = readonly [string, ...string[]];

/** Starts the program as a server. */
export async function startChild(command: Command): Promise<PeerServer> {
  const child = new Child(command);
  const { port } = await child.do<{ port: number }>("serve");
  return { url: `http://127.0.0.1:${port}`, close: () => child.close() };
}

/** Starts the program as a client. */
export async function dialChild(command: Command, options: DialOptions): Promise<PeerClient> {
  const child = new Child(command);
  const { url, gzip, wire } = options;
  await child.do("dial", { url, gzip, ...wire });
  let calls = 0;
  return {
    async open(method: DescMethod, init) {
      const call = ++calls;
      const service = method.parent.typeName;
      const path = `/${service}/${method.name}`;
      await child.do("open", { call, path, kind: method.methodKind, ...init });
      return {
        send: (messages) =>
          child.do("send", { call, messages: messages.map((m) => toJson(TestRequestSchema, m)) }),
        closeSend: () => child.do("closeSend", { call }),
        cancel: () => child.do("cancel", { call }),
        async recv(max) {
          const { messages } = await child.do<{ messages: JsonValue[] }>("recv", { call, max });
          return messages.map((message) => fromJson(TestResponseSchema, message));
        },
        end: () => child.do<Ending>("end", { call }),
      };
    },
    close: () => child.close(),
  };
}
