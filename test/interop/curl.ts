// SPDX-License-Identifier: Apache-2.0
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { certFile } from "../support/tls.js";

/** What curl says of a response: https://curl.se/docs/manpage.html#-w */
export interface CurlResponse {
  readonly http: string;
  readonly status: number;
  readonly contentType: string | null;
  /** Header fields and trailers, by lower-case name. */
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** Whether curl is here, and has HTTP/2. */
export function curlHasHttp2(): boolean {
  const { stdout } = spawnSync("curl", ["--version"], { encoding: "utf8" });
  return /^Features:.*\bHTTP2\b/m.test(stdout ?? "");
}

const report = "%{stderr}%{json}";

/** Starts curl, which trusts the certificate of the tests and writes each byte as it comes. */
export function startCurl(...args: string[]): ChildProcessWithoutNullStreams {
  const common = ["--silent", "--show-error", "--no-buffer", "--max-time", "20"];
  return spawn("curl", [...common, "--cacert", certFile, ...args]);
}

/** Runs curl to its end, with `body` for `@-`. */
export async function curl(args: readonly string[], body?: Uint8Array): Promise<CurlResponse> {
  const child = startCurl("--include", "--write-out", report, ...args);
  child.stdin.on("error", () => undefined).end(body ?? "");
  const out: Buffer[] = [];
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
  child.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    said += chunk;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`curl exited with ${code}: ${said}`);
  const { http_version, response_code, content_type, size_download } = JSON.parse(said);
  return {
    http: http_version,
    status: response_code,
    contentType: content_type,
    ...takeApart(Buffer.concat(out), size_download),
  };
}

const headEnd = "\r\n\r\n";

/** `--include` puts the heads of responses before the body, and trailers behind it. */
function takeApart(output: Buffer, size: number): Pick<CurlResponse, "fields" | "body"> {
  let start = 0;
  do {
    start = output.indexOf(headEnd, start) + headEnd.length;
    // A "100 Continue" has a head of its own.
  } while (output.toString("latin1", start, start + 5) === "HTTP/");
  const heads = [output.subarray(0, start), output.subarray(start + size)];
  const lines = heads.flatMap((head) => head.toString("latin1").split("\r\n"));
  const fields = lines.flatMap((line): [string, string][] => {
    const colon = line.indexOf(": ");
    return colon > 0 ? [[line.slice(0, colon).toLowerCase(), line.slice(colon + 2)]] : [];
  });
  return { fields: Object.fromEntries(fields), body: output.subarray(start, start + size) };
}
