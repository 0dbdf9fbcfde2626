// SPDX-License-Identifier: Apache-2.0
// What a user gets wrong: each message says what, where, and what to do, in a line or two, without a stack.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, it, onTestFinished } from "vitest";
import { startLabServer } from "./lab-server.js";
import { startCli } from "./run-cli.js";
import { runCall } from "./run-command.js";

const rpc = (name: string) => `lab.v1.LabService/${name}`;

/** Files of a temporary folder. */
function write(files: Readonly<Record<string, string | Uint8Array>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), "connect-stream-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return (name) => join(folder, name);
}

type Case = readonly [args: readonly string[], code: number, message: string];

async function expectMessages(cases: readonly Case[]): Promise<void> {
  const results = await Promise.all(cases.map(([args]) => runCall(args)));
  for (const [i, [args, code, message]] of cases.entries()) {
    const { err, ...result } = results[i] ?? { err: "" };
    expect([args, result]).toEqual([args, { code, out: "" }]);
    expect(err).toContain(message);
  }
}

it("names what is no message, and where it stands", async () => {
  const url = await startLabServer();
  const path = write({
    "type.ndjson": '{"text":"a"}\n\n{"text":5}\n',
    "pretty.json": '{\n  "text": "a"\n}\n',
    "latin1.ndjson": Buffer.from('{"text":"a"}\n{"text":"\xe9"}\n', "latin1"),
  });
  const upload = (data: string) => [url, rpc("Upload"), "-d", data];
  const in_ = (name: string) => [url, rpc("Upload"), "-d", `@${path(name)}`];
  await expectMessages([
    [upload("[]"), 1, "--data: lab.v1.Note is an object, {…}, not []\n"],
    [upload('{"text":'), 1, "--data is not valid JSON: "],
    [upload('{"number":"x"}'), 1, "field lab.v1.Note.number from JSON: expected bigint (int64)"],
    [upload('{"replies":[{"txt":""}]}'), 1, "lab.v1.Note has no field txt; did you mean text?\n"],
    [
      in_("type.ndjson"),
      1,
      `line 3 of ${path("type.ndjson")}: cannot decode field lab.v1.Note.text`,
    ],
    [in_("pretty.json"), 1, `line 1 of ${path("pretty.json")} is not valid JSON: `],
    [in_("pretty.json"), 1, "; a message stands on one line\n"],
    [in_("latin1.ndjson"), 1, `line 2 of ${path("latin1.ndjson")} is not in UTF-8\n`],
    [in_("none.ndjson"), 1, `cannot read ${path("none.ndjson")}: it does not exist\n`],
    [in_("."), 1, ": it is a folder\n"],
  ]);
});

it("names what is wrong on the command line", async () => {
  const url = "http://127.0.0.1:9";
  const unary = [url, rpc("Unary")];
  const path = write({ "a.txt": "" });
  await expectMessages([
    [["ftp://a", rpc("Unary")], 2, '"ftp://a" is not a URL; use http://localhost:8080'],
    [["http://a:b@c", rpc("Unary")], 2, "the URL has a user; pass --header 'authorization: …'\n"],
    [["http://a/?b", rpc("Unary")], 2, "the URL ends in ?b, which no call has\n"],
    [[url], 2, "call takes a URL and SERVICE/METHOD; messages go to --data\n"],
    [[...unary, "--timeout", "5"], 2, "--timeout must be a "],
    [[...unary, "--timeout", "-5s"], 2, "begins with a dash is --timeout=-…\n"],
    [[...unary, "-n", "0"], 2, '--count must be a whole number of 1 or more, not "0"\n'],
    [[...unary, "-H", "a"], 2, "--header "],
    [[...unary, "--protocol", "grcp"], 2, "did you mean grpc?\n"],
    [[...unary, "--protocol", "grpc", "--http-version", "1.1"], 2, "gRPC needs HTTP/2: "],
    [[...unary, "--replay", "a", "-d", "{}"], 2, "--replay"],
    [[...unary, "--schema", "none.binpb"], 2, "cannot read none.binpb: it does not exist\n"],
    [[...unary, "--schema", "none"], 2, "\nthere is no none here\n"],
    [[...unary, "--schema", path("a.txt")], 2, "\na schema is a folder, a .proto file, or a "],
  ]);
});

it("names what is wrong with a resume or a script", async () => {
  const url = await startLabServer();
  const path = write({
    "field.ndjson": '{"send":{"txt":""}}\n',
    "code.ndjson": '\n{"fails":"not_fond"}\n',
    "step.ndjson": '"quiet"\n',
    "empty.ndjson": "\n",
  });
  const play = (name: string) => [url, rpc("Unary"), "--replay", path(name)];
  const resume = (link: string) => [url, rpc("Download"), "--resume", link];
  await expectMessages([
    [resume("nmber"), 2, "--resume: lab.v1.Note has no field nmber; did you mean number?\n"],
    [resume("number=text"), 2, "number takes no value of field lab.v1.Note.text"],
    [[url, rpc("Unary"), "--resume", "text"], 2, "--resume is for server-streaming RPCs"],
    [play("field.ndjson"), 1, "lab.v1.Note has no field txt; did you mean text?\n"],
    [
      play("code.ndjson"),
      1,
      `line 2 of ${path("code.ndjson")}: unknown status not_fond; known: canceled`,
    ],
    [play("step.ndjson"), 1, `line 1 of ${path("step.ndjson")} is not a step, but`],
    [play("empty.ndjson"), 1, `${path("empty.ndjson")} has no steps\n`],
    [play("none.ndjson"), 1, `cannot read ${path("none.ndjson")}: it does not exist\n`],
    [[url, rpc("Unary"), "--record", path(".")], 1, ": it is a folder\n"],
  ]);
});

it("exits with 64 and the status, whatever it is", async () => {
  const url = await startLabServer({
    unary({ number }) {
      throw new ConnectError("as asked", Number(number));
    },
  });
  const codes = [Code.Canceled, Code.InvalidArgument, Code.Unauthenticated];
  const ask = (code: Code) => runCall([url, rpc("Unary"), "-d", `{"number":${code}}`]);
  const results = await Promise.all(codes.map(ask));
  expect(results.map(({ code }) => code)).toEqual([65, 67, 80]);
});

it.skipIf(process.platform === "win32")("is ended by signals, also in a replay", async () => {
  const url = await startLabServer({
    async chat(stream) {
      await stream.send({ text: "ready" });
      await new Promise((resolve) => stream.context.signal.addEventListener("abort", resolve));
    },
  });
  const path = write({ "wait.ndjson": '{"recv":{"text":"ready"}}\n"end"\n' });
  const end = async (signal: NodeJS.Signals, ...args: string[]) => {
    const { child, result } = startCli(["call", url, rpc("Chat"), ...args], null);
    child.stdout?.once("data", () => child.kill(signal));
    return result;
  };
  const results = await Promise.all([
    end("SIGTERM"),
    end("SIGINT", "--replay", path("wait.ndjson")),
  ]);
  expect(results.map(({ code, err }) => [code, err])).toEqual([
    [143, ""],
    [130, ""],
  ]);
});

it("waits between messages", async () => {
  const received: string[] = [];
  const url = await startLabServer({
    async chat(stream) {
      for await (const { text } of stream) {
        received.push(text);
        await stream.send({ text });
      }
    },
  });
  const data = ["a", "b", "c"].flatMap((text) => ["-d", `{"text":"${text}"}`]);
  const chat = (...flags: string[]) => runCall([url, rpc("Chat"), ...data, ...flags]);
  expect((await chat("--interval", "1ms")).code).toBe(0);
  expect(received).toEqual(["a", "b", "c"]);
  // The second is still to be sent when the answer to the first is enough.
  expect((await chat("--interval", "1h", "-n", "1")).code).toBe(0);
  expect(received).toEqual(["a", "b", "c", "a"]);
});
