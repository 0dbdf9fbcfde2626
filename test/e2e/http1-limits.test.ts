// SPDX-License-Identifier: Apache-2.0
import * as http from "node:http";
import * as https from "node:https";
import type { ConnectRouter } from "@connectrpc/connect";
import { serve } from "connect-stream/node";
import { expect, it } from "vitest";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { selfSigned } from "../support/tls.js";

const routes = (router: ConnectRouter) => registerLabService(router, {});

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
  const tls = name === "TLS" ? { tls: selfSigned } : {};
  for (const [maxHeaderBytes, status] of [
    [4096, 431],
    [65_536, 404],
  ] as const) {
    const server = await serve({ ...tls, routes, maxHeaderBytes });
    const { statusCode } = await ask(server.url, { "x-a": "a".repeat(30_000) });
    expect(statusCode).toBe(status);
    await server.close();
  }
});

it.each(["clear text", "TLS"])("%s: idleTimeoutMs holds over HTTP/1.1", async (name) => {
  const tls = name === "TLS" ? { tls: selfSigned } : {};
  const server = await serve({ ...tls, routes, idleTimeoutMs: 77_000 });
  const { headers } = await ask(server.url, { connection: "keep-alive" });
  expect(headers["keep-alive"]).toBe("timeout=77");
  await server.close();
});
