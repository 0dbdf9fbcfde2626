// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { registerReflection } from "connect-stream/reflection";
import { parseRecording, testCall } from "connect-stream/testing";
import { describe, expect, it, onTestFinished } from "vitest";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { runCli, startCli } from "./run-cli.js";

const handler: LabServiceHandler = {
  async unary({ text }) {
    if (text === "missing") throw new ConnectError("no such note", Code.NotFound);
    return { text: `re: ${text}` };
  },
  async download({ number }, stream) {
    for (let i = 1n; i <= number; i++) await stream.send({ number: 2n ** 60n + i });
  },
  async upload(stream) {
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    await stream.sendAndClose({ text: texts.join("+") });
  },
  async chat(stream) {
    for await (const { text } of stream) await stream.send({ text: text.toUpperCase() });
  },
};

async function start(options: { handler?: Partial<LabServiceHandler>; reflection?: boolean } = {}) {
  const server = await serve({
    routes(router) {
      registerLabService(router, options.handler ?? handler);
      if (options.reflection !== false) registerReflection(router);
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server.url;
}

const call = (url: string, rpc: string, ...args: string[]) => [
  "call",
  url,
  `lab.v1.LabService/${rpc}`,
  ...args,
];

const routes = [
  ["grpc", "2"],
  ["grpc-web", "2"],
  ["connect", "2"],
  ["grpc-web", "1.1"],
  ["connect", "1.1"],
] as const;

describe.each(routes)("%s over HTTP/%s", (protocol, version) => {
  const flags = ["--protocol", protocol, "--http-version", version];

  it("calls every kind of RPC", async () => {
    const url = await start();
    const [unary, download, upload] = await Promise.all([
      runCli(call(url, "Unary", ...flags, "-d", '{"text":"a"}')),
      runCli(call(url, "Download", ...flags), '{"number":2}'),
      runCli(call(url, "Upload", ...flags), '{"text":"a"}\n\n{"text":"b"}\n'),
    ]);
    expect(unary).toEqual({ code: 0, out: '{"text":"re: a"}\n', err: "" });
    expect(download.out).toBe(
      '{"number":"1152921504606846977"}\n{"number":"1152921504606846978"}\n',
    );
    expect(upload.out).toBe('{"text":"a+b"}\n');
    const chat = await runCli(call(url, "Chat", ...flags, "-d", '{"text":"a"}'));
    if (version === "2") expect(chat).toEqual({ code: 0, out: '{"text":"A"}\n', err: "" });
    else
      expect([chat.code, chat.err]).toEqual([
        64 + Code.Unimplemented,
        expect.stringContaining("HTTP/2"),
      ]);
  });
});

it("sends and receives as messages come", async () => {
  const { child, result } = startCli(call(await start(), "Chat"), null);
  for (const text of ["a", "b"]) {
    child.stdin?.write(`{"text":"${text}"}\n`);
    const [line] = await new Promise<unknown[]>((resolve) =>
      child.stdout?.once("data", (...args: unknown[]) => resolve(args)),
    );
    expect(String(line)).toBe(`{"text":"${text.toUpperCase()}"}\n`);
  }
  child.stdin?.end();
  expect((await result).code).toBe(0);
});

it("exits with 64 and the status code", async () => {
  const url = await start();
  const failed = await runCli(call(url, "Unary", "-d", '{"text":"missing"}'));
  expect(failed).toEqual({
    code: 64 + Code.NotFound,
    out: "",
    err: "connect-stream call: not_found: no such note\n",
  });
});

it("names the line that is no message", async () => {
  const { code, err } = await runCli(call(await start(), "Chat"), '{"text":"a"}\n{"text":\n');
  expect([code, err]).toEqual([1, expect.stringContaining("line 2 of standard input")]);
});

it("knows which names were meant", async () => {
  const url = await start();
  const [rpc, service, field] = await Promise.all([
    runCli(["call", url, "lab.v1.LabService/Uplaod"]),
    runCli(["call", url, "lab.v1.LabServise/Upload"]),
    runCli(call(url, "Unary", "-d", '{"txt":"a"}')),
  ]);
  expect(rpc.err).toContain("has no RPC Uplaod; did you mean Upload?");
  expect(service.err).toContain("did you mean lab.v1.LabService?");
  expect(field.err).toContain("has no field txt; did you mean text?");
});

it("says that there is no server", async () => {
  const { code, err } = await runCli(call("http://127.0.0.1:9", "Unary"));
  expect(code).toBe(64 + Code.Unavailable);
  expect(err.trim().split("\n")).toHaveLength(1);
});

it("says what to do without reflection, and takes a schema", async () => {
  const url = await start({ reflection: false });
  const without = await runCli(call(url, "Unary"));
  expect([without.code, without.err]).toEqual([1, expect.stringContaining("pass --schema")]);
  const schema = ["--schema", "test/support/proto/lab/v1/lab.proto"];
  expect((await runCli(call(url, "Unary", ...schema))).out).toBe('{"text":"re: "}\n');
});

/** Sends without an end, until the client goes away. */
const endless: Partial<LabServiceHandler> = {
  async download(_, stream) {
    for (let i = 1n; ; i++) await stream.send({ number: i });
  },
  async chat(stream) {
    await stream.send({ text: "ready" });
    await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
  },
};

it("stops after --count, at a deadline, on SIGINT, and when nobody reads", async () => {
  const url = await start({ handler: endless });
  const counted = await runCli(call(url, "Download", "-n", "2"));
  expect([counted.code, counted.out]).toEqual([0, '{"number":"1"}\n{"number":"2"}\n']);
  const late = await runCli(call(url, "Chat", "--timeout", "100ms"));
  expect(late.code).toBe(64 + Code.DeadlineExceeded);
  const interrupted = startCli(call(url, "Chat"), null);
  interrupted.child.stdout?.once("data", () => interrupted.child.kill("SIGINT"));
  expect((await interrupted.result).code).toBe(130);
  const unread = startCli(call(url, "Download"));
  unread.child.stdout?.once("data", () => unread.child.stdout?.destroy());
  expect(await unread.result).toMatchObject({ code: 0, err: "" });
});

it("says that the server has gone", async () => {
  const server = await serve({
    routes(router) {
      registerLabService(router, endless);
      registerReflection(router);
    },
  });
  const { child, result } = startCli(call(server.url, "Chat"), null);
  await new Promise((resolve) => child.stdout?.once("data", resolve));
  await server.close({ graceMs: 0 });
  expect((await result).code).toBe(64 + Code.Unavailable);
});

it("replays what it has recorded, and says what differs", async () => {
  const folder = await mkdtemp(join(tmpdir(), "connect-stream-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, "chat.ndjson");
  const url = await start();
  await runCli(call(url, "Chat", "--record", file, "-d", '{"text":"a"}'));
  const steps = (await readFile(file, "utf8")).trim().split("\n").sort();
  expect(steps).toEqual(['"closeSend"', '"end"', '{"recv":{"text":"A"}}', '{"send":{"text":"a"}}']);
  expect(await runCli(call(url, "Chat", "--replay", file))).toMatchObject({ code: 0, err: "" });
  // A unit test can play it, too.
  const { client } = parseRecording(LabService.method.chat, await readFile(file, "utf8"));
  await testCall(LabService.method.chat, handler.chat).play(client);
  const other = await start({ handler: endless });
  const { code, err } = await runCli(call(other, "Chat", "--replay", file));
  expect([code, err]).toEqual([1, expect.stringContaining('+ {"text":"ready"}')]);
});

it("resumes after the last message", async () => {
  const asked: bigint[] = [];
  const url = await start({
    handler: {
      async download({ number }, stream) {
        asked.push(number);
        await stream.send({ number: number + 1n });
        if (number < 2n) throw new ConnectError("gone", Code.Unavailable);
      },
    },
  });
  const { code, out } = await runCli(call(url, "Download", "--resume", "number"));
  expect([code, out]).toEqual([0, '{"number":"1"}\n{"number":"2"}\n{"number":"3"}\n']);
  expect(asked).toEqual([0n, 1n, 2n]);
});

it("shows headers and a summary", async () => {
  const url = await start();
  const flags = ["-v", "--summary", "-H", "x-token: secret", "-d", '{"text":"a"}'];
  const { err } = await runCli(call(url, "Unary", ...flags));
  expect(err).toContain("> x-token: secret");
  expect(err).toContain("< content-type: application/grpc+proto");
  expect(err).toMatch(/sent 1 message, 3 bytes; received 1 message, 7 bytes; .*status ok/);
});

it("lists the RPCs of a server", async () => {
  const { out } = await runCli(["list", await start()]);
  expect(out).toMatch(
    /^lab\.v1\.LabService\/Upload +client streaming +lab\.v1\.Note → lab\.v1\.Note$/m,
  );
});

it("knows mistakes on the command line", async () => {
  const [command, option, url] = await Promise.all([
    runCli(["cal"]),
    runCli(["call", "--prtocol", "grpc"]),
    runCli(["call", "localhost:8080", "a.B/C"]),
  ]);
  expect([command.code, command.err]).toEqual([2, expect.stringContaining("did you mean call?")]);
  expect([option.code, option.err]).toEqual([2, expect.stringContaining("mean --protocol?")]);
  expect([url.code, url.err]).toEqual([2, expect.stringContaining("http://localhost:8080")]);
});
