// SPDX-License-Identifier: Apache-2.0
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Code, ConnectError, createRouterTransport } from "@connectrpc/connect";
import type { ConnectRouter, ServerStreamingClient, Transport } from "connect-stream/codegenv1";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile, filesOf, repository, run, runEs } from "./harness.js";

// Generated JavaScript at work: handlers and clients of RPCs that have awkward names.

/** RPCs, and the members that they become. */
const members: readonly (readonly [rpc: string, member: string])[] = [
  ["Then", "then$"],
  ["Constructor", "constructor$"],
  ["__proto__", "__proto__$"],
  ["ToString", "toString$"],
  ["ValueOf", "valueOf$"],
  ["ToJSON", "toJSON$"],
  ["HasOwnProperty", "hasOwnProperty$"],
  ["ToLocaleString", "toLocaleString$"],
  ["__defineGetter__", "__defineGetter__$"],
  ["delete", "delete"],
  ["Import", "import"],
  ["New", "new"],
  ["close", "close"],
  ["Get", "get"],
  ["Catch", "catch"],
];

const source = `syntax = "proto3";
service Unary { ${members.map(([rpc]) => `rpc ${rpc}(M) returns (M);`).join(" ")} }
service Streaming { ${members.map(([rpc]) => `rpc ${rpc}(M) returns (stream M);`).join(" ")} }
message M { string text = 1; }`;

interface M {
  readonly text: string;
}

/** What is generated for `source`, as far as these tests use it. */
interface Generated {
  registerUnary(router: ConnectRouter, handler: object): ConnectRouter;
  registerStreaming(router: ConnectRouter, handler: object): ConnectRouter;
  createUnaryClient(transport: Transport): Record<string, (request: Partial<M>) => Promise<M>>;
  createStreamingClient(
    transport: Transport,
  ): Record<string, (request: Partial<M>) => Pick<ServerStreamingClient<never>, "recv">>;
}

/** Inside of the repository, for the packages that generated code imports. */
let directory: string;

beforeAll(async () => {
  await mkdir(join(repository, ".tmp"), { recursive: true });
  directory = await mkdtemp(join(repository, ".tmp/behaves-"));
  const set = await compile({ "hostile.proto": source });
  for (const style of ["module", "legacy_commonjs"]) {
    const parameter = `target=js,import_extension=js,js_import_style=${style}`;
    for (const [name, content] of filesOf(run(set, parameter), runEs(set, parameter))) {
      await mkdir(join(directory, style), { recursive: true });
      await writeFile(join(directory, style, name), content);
    }
  }
  await writeFile(join(directory, "legacy_commonjs/package.json"), `{"type":"commonjs"}`);
});

afterAll(() => rm(directory, { recursive: true }));

function load(style: string): Promise<Generated> {
  const path = join(directory, style, "hostile_stream.js");
  return style === "module"
    ? import(/* @vite-ignore */ pathToFileURL(path).href)
    : createRequire(import.meta.url)(path);
}

describe.each(["module", "legacy_commonjs"])("generated JavaScript, style %s", (style) => {
  test.each(members)("RPC %s answers as the member %s", async (_, member) => {
    const { registerUnary, registerStreaming, createUnaryClient, createStreamingClient } =
      await load(style);
    const transport = createRouterTransport((router) => {
      registerUnary(router, {
        [member]: async (request: M) => ({ text: `${request.text} from ${member}` }),
      });
      registerStreaming(router, {
        async [member](request: M, stream: { send(message: M): Promise<void> }) {
          await stream.send({ text: `${request.text} from ${member}` });
        },
      });
    });
    const response = await createUnaryClient(transport)[member]?.({ text: "hello" });
    expect(response?.text).toBe(`hello from ${member}`);
    const stream = createStreamingClient(transport)[member]?.({ text: "hello" });
    expect(await stream?.recv()).toMatchObject({ text: `hello from ${member}` });
    expect(await stream?.recv()).toBeUndefined();
  });

  test("members that a handler leaves out answer unimplemented", async () => {
    const { registerUnary, createUnaryClient } = await load(style);
    const transport = createRouterTransport((router) => void registerUnary(router, {}));
    const client = createUnaryClient(transport);
    for (const [, member] of members) {
      const error = await client[member]?.({}).catch((reason: unknown) => reason);
      expect(ConnectError.from(error).code).toBe(Code.Unimplemented);
    }
  });

  test("a handler may be an instance of a class", async () => {
    const { registerUnary, createUnaryClient } = await load(style);
    class Handler {
      readonly #greeting = "hi";
      async toString$() {
        return { text: this.#greeting };
      }
    }
    const transport = createRouterTransport((router) => void registerUnary(router, new Handler()));
    expect(await createUnaryClient(transport).toString$?.({})).toMatchObject({ text: "hi" });
  });

  test("a client can be awaited, and has its RPCs and nothing else", async () => {
    const { createUnaryClient } = await load(style);
    const client = await createUnaryClient(createRouterTransport(() => {}));
    expect(Object.keys(client).sort()).toEqual(members.map(([, member]) => member).sort());
  });
});
