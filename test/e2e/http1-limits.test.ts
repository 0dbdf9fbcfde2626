// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serve } from "connect-stream/node";
import { expect, it } from "vitest";
import "../support/process-faults.js";

function selfSigned() {
  const folder = mkdtempSync(join(tmpdir(), "tls-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const req = `req -x509 -newkey rsa:2048 -nodes -keyout ${keyFile} -out ${certFile} -days 2`;
  execFileSync("openssl", [...req.split(" "), "-subj", "/CN=127.0.0.1"], { stdio: "ignore" });
  const tls = { key: readFileSync(keyFile), cert: readFileSync(certFile) };
  rmSync(folder, { recursive: true });
  return tls;
}

/** Asks for something that is not there, over HTTP/1.1. */
function ask(url: string, headers: http.OutgoingHttpHeaders): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const settled = (response: http.IncomingMessage) => {
      response.resume();
      resolve(response);
    };
    const options = { headers, rejectUnauthorized: false, agent: false };
    const request = url.startsWith("https") ? https.get(url, options) : http.get(url, options);
    request.on("response", settled).on("error", reject);
  });
}

it.each(["clear text", "TLS"])("%s: maxHeaderBytes holds over HTTP/1.1", async (name) => {
  const tls = name === "TLS" ? { tls: selfSigned() } : {};
  for (const [maxHeaderBytes, status] of [
    [4096, 431],
    [65_536, 404],
  ] as const) {
    const server = await serve({ ...tls, routes: () => undefined, maxHeaderBytes });
    const { statusCode } = await ask(server.url, { "x-a": "a".repeat(30_000) });
    expect(statusCode).toBe(status);
    await server.close();
  }
});

it.each(["clear text", "TLS"])("%s: idleTimeoutMs holds over HTTP/1.1", async (name) => {
  const tls = name === "TLS" ? { tls: selfSigned() } : {};
  const server = await serve({ ...tls, routes: () => undefined, idleTimeoutMs: 77_000 });
  const { headers } = await ask(server.url, { connection: "keep-alive" });
  expect(headers["keep-alive"]).toBe("timeout=77");
  await server.close();
});
