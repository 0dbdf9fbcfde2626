// SPDX-License-Identifier: Apache-2.0
// Connections of the command line: TLS both ways, Unix sockets, and what is said where they fail.
import { generateKeyPairSync } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "connect-stream";
import { expect, it, onTestFinished } from "vitest";
import { forCommandLine } from "../../cli/src/advice.js";
import { certFile, keyFile, selfSigned } from "../support/tls.js";
import { startLabServer } from "./lab-server.js";
import { runCall } from "./run-command.js";

const ok = { code: 0, out: '{"text":"re: a"}\n', err: "" };
const unavailable = 64 + Code.Unavailable;

const schema = ["--schema", "test/support/proto/lab/v1/lab.proto"];

function call(url: string, ...flags: string[]) {
  return runCall([url, "lab.v1.LabService/Unary", "-d", '{"text":"a"}', ...flags]);
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "connect-stream-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

it.each(["2", "1.1"])("trusts what it is told to, over HTTP/%s", async (version) => {
  const url = await startLabServer(undefined, { tls: selfSigned });
  const http = ["--http-version", version];
  const [trusted, insecure, untrusted] = await Promise.all([
    call(url, ...http, "--cacert", certFile),
    call(url, ...http, "--insecure"),
    call(url, ...http, ...schema),
  ]);
  expect([trusted, insecure]).toEqual([ok, ok]);
  expect(untrusted.code).toBe(unavailable);
  expect(untrusted.err).toMatch(/not trusted .*: pass its CA with --cacert, or --insecure\n$/);
});

it("shows a certificate to a server that wants one", async () => {
  const tls = { ...selfSigned, ca: selfSigned.cert, requestCert: true, rejectUnauthorized: true };
  const url = await startLabServer(undefined, { tls });
  const ca = ["--cacert", certFile];
  const [shown, shown1, missing, missing1] = await Promise.all([
    call(url, ...ca, "--cert", certFile, "--key", keyFile),
    call(url, ...ca, "--cert", certFile, "--key", keyFile, "--http-version", "1.1"),
    call(url, ...ca),
    call(url, ...ca, "--http-version", "1.1", ...schema),
  ]);
  expect([shown, shown1]).toEqual([ok, ok]);
  expect([missing.code, missing1.code]).toEqual([unavailable, unavailable]);
});

it("says what is wrong with files, before it connects", async () => {
  const folder = temporaryFolder();
  const otherKey = join(folder, "other.pem");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  writeFileSync(otherKey, privateKey.export({ type: "pkcs8", format: "pem" }));
  const url = "https://127.0.0.1:9";
  const cases = [
    [["--cacert", "none.pem"], 1, "cannot read none.pem: it does not exist"],
    [["--cacert", folder], 1, `cannot read ${folder}: it is a folder`],
    [["--cacert", "package.json"], 1, "package.json has no CERTIFICATE in PEM"],
    [["--cert", certFile, "--key", certFile], 1, `${certFile} has no PRIVATE KEY in PEM`],
    [
      ["--cert", certFile, "--key", otherKey],
      1,
      `cannot use --cert ${certFile} and --key ${otherKey}: they don't match`,
    ],
    [["--cert", certFile], 2, "--cert and --key need each other"],
  ] as const;
  const args = (flags: readonly string[]) => [url, "lab.v1.LabService/Unary", ...flags];
  const results = await Promise.all(cases.map(([flags]) => runCall(args(flags))));
  for (const [i, [, code, message]] of cases.entries()) {
    expect(results[i]?.code).toBe(code);
    expect(results[i]?.err).toBe(`${message}\n`);
  }
  const plain = await runCall(["http://127.0.0.1:9", "a.B/C", "--insecure"]);
  expect([plain.code, plain.err]).toEqual([2, expect.stringContaining("needs an https URL")]);
});

it("knows which of http and https was meant", async () => {
  const [plain, tls] = await Promise.all([
    startLabServer(),
    startLabServer(undefined, { tls: selfSigned }),
  ]);
  const [toPlain, toTls] = await Promise.all([
    call(plain.replace("http:", "https:")),
    call(tls.replace("https:", "http:")),
  ]);
  expect([toPlain.code, toPlain.err]).toEqual([
    unavailable,
    expect.stringMatching(/use http:\/\/\n/),
  ]);
  expect([toTls.code, toTls.err]).toEqual([unavailable, expect.stringMatching(/use https:\/\/\n/)]);
});

it.skipIf(process.platform === "win32")("connects to a Unix socket", async () => {
  const path = join(temporaryFolder(), "socket");
  await startLabServer(undefined, { path });
  const flags = ["--unix-socket", path];
  const [two, one, none] = await Promise.all([
    call("http://localhost", ...flags),
    call("http://localhost", ...flags, "--http-version", "1.1"),
    call("http://localhost", "--unix-socket", `${path}-2`),
  ]);
  expect([two, one]).toEqual([ok, ok]);
  expect([none.code, none.err]).toEqual([unavailable, expect.stringContaining("no such socket")]);
  const asUrl = await call(`unix:${path}`);
  expect([asUrl.code, asUrl.err]).toEqual([2, expect.stringContaining(`--unix-socket ${path}`)]);
});

it.each([
  [
    "the server wants a certificate of the client: give it in nodeOptions.cert and nodeOptions.key",
    "the server wants a certificate of the client: pass it with --cert and --key",
  ],
  [
    'the server speaks HTTP/2 only: set httpVersion: "2"',
    "the server speaks HTTP/2 only: pass --http-version 2",
  ],
  [
    "HTTP 415 from http://a/b.C/D",
    "HTTP 415 from http://a/b.C/D: it does not take this protocol; try another --protocol",
  ],
])("says it for a command line: %s", (said, here) => {
  expect(forCommandLine(said)).toBe(here);
});
