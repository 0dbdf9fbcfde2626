// SPDX-License-Identifier: Apache-2.0
// nghttp and h2load, the programs of nghttp2, against `serve`: frames as another implementation reads
// them, and many calls at once.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, toBinary } from "@bufbuild/protobuf";
import { serve } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { envelope } from "../support/raw.js";
import { selfSigned } from "../support/tls.js";
import { run } from "./programs.js";
import { required } from "./required.js";

const here = spawnSync("h2load", ["--version"]).error === undefined;
if (!here) console.warn("skipped: the Debian package nghttp2-client is not installed");

/** A file with a request, and how to ask for it. */
function request(text: string, enveloped: boolean): string {
  const folder = mkdtempSync(join(tmpdir(), "h2load-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "request");
  const message = toBinary(NoteSchema, create(NoteSchema, { text, number: 3n }));
  writeFileSync(file, enveloped ? envelope(message) : message);
  return file;
}

async function start(tls: boolean) {
  const calls = { unary: 0, download: 0, upload: 0 };
  const server = await serve({
    ...(tls ? { tls: selfSigned } : {}),
    routes(router) {
      registerLabService(router, {
        async unary({ text }) {
          calls.unary++;
          return { text };
        },
        async download({ text, number }, stream) {
          for (let sent = 0n; sent < number; sent++) await stream.send({ text });
          calls.download++;
        },
        async upload(stream) {
          let number = 0n;
          for await (const _ of stream) number++;
          calls.upload++;
          await stream.sendAndClose({ number });
        },
      });
    },
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return { calls, url: (rpc: string) => `${server.url}/lab.v1.LabService/${rpc}` };
}

const rpcs = [
  { rpc: "Unary", type: "application/proto", enveloped: false },
  { rpc: "Unary", type: "application/grpc", enveloped: true },
  { rpc: "Download", type: "application/grpc", enveloped: true },
  { rpc: "Upload", type: "application/connect+proto", enveloped: true },
] as const;
type Called = Lowercase<(typeof rpcs)[number]["rpc"]>;
const nameOf = (rpc: string) => rpc.toLowerCase() as Called;

describe.skipIf(!here && !required("h2load")).each([false, true])("nghttp2, TLS: %s", (tls) => {
  it.each(rpcs)("h2load: $rpc, $type", async ({ rpc, type, enveloped }) => {
    const { calls, url } = await start(tls);
    // 100 at a time on each of ten connections, which do not share them evenly.
    const load = ["--requests=5001", "--clients=10", "--max-concurrent-streams=100"];
    const what = [`--header=content-type: ${type}`, "--header=te: trailers", "--data"];
    const said = await run("h2load", [...load, ...what, request("hello", enveloped), url(rpc)]);
    expect(said).toMatch(/5001 succeeded, 0 failed, 0 errored, 0 timeout/);
    expect(said).toMatch(/status codes: 5001 2xx/);
    expect(calls[nameOf(rpc)]).toBe(5001);
  });

  it("h2load: small windows", async () => {
    const { calls, url } = await start(tls);
    // 2^10 - 1 bytes for a stream, and for the connection.
    const load = ["--requests=200", "--clients=2", "--max-concurrent-streams=20"];
    const windows = ["--window-bits=10", "--connection-window-bits=16"];
    const what = ["--header=content-type: application/grpc", "--data"];
    const body = request("hello ".repeat(1000), true);
    const said = await run("h2load", [...load, ...windows, ...what, body, url("Download")]);
    expect(said).toMatch(/200 succeeded, 0 failed, 0 errored, 0 timeout/);
    expect(calls.download).toBe(200);
  });

  it("nghttp reads our settings, headers and trailers", async () => {
    const { url } = await start(tls);
    const what = ["--header=content-type: application/grpc", "--header=te: trailers"];
    // The same again, five times: the header table is at work.
    const args = ["-nv", "--no-dep", "--multiply=5", ...what];
    const data = `--data=${request("hello", true)}`;
    const said = await run("nghttp", [...args, data, url("Unary")]);
    expect(said).toContain("recv SETTINGS frame");
    expect(said).toContain("SETTINGS_MAX_CONCURRENT_STREAMS(0x03):");
    expect(said).toMatch(/recv SETTINGS frame <length=0, flags=0x01/); // ours of theirs
    expect(said.match(/recv \(stream_id=\d+\) :status: 200/g)).toHaveLength(5);
    expect(said.match(/recv \(stream_id=\d+\) grpc-status: 0/g)).toHaveLength(5);
    expect(said).not.toContain("RST_STREAM");
    expect(said).not.toMatch(/recv GOAWAY frame .*error_code=(?!NO_ERROR)/);
  });

  it("nghttp, whose header table is small", async () => {
    const { url } = await start(tls);
    const what = ["--header=content-type: application/grpc", `--data=${request("hello", true)}`];
    const args = ["-nv", "--no-dep", "--multiply=5", "--header-table-size=0"];
    const said = await run("nghttp", [...args, ...what, url("Unary")]);
    expect(said.match(/recv \(stream_id=\d+\) grpc-status: 0/g)).toHaveLength(5);
  });
});
