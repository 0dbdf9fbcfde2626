// SPDX-License-Identifier: Apache-2.0
import { request as httpRequest, type IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeStream } from "node:stream/web";

/** `fetch` over HTTP/1.1, whose response may begin before its request has ended. */
export function duplexFetch(request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { method, url, headers, body, signal } = request;
    const options = { method, headers: Object.fromEntries(headers), signal };
    const sent = httpRequest(url, options, (response) => resolve(toResponse(response)));
    sent.on("error", reject);
    sent.flushHeaders();
    // The types of the web and of Node differ in nothing that matters here.
    if (body) pipeline(Readable.fromWeb(body as NodeStream), sent).catch(reject);
    else sent.end();
  });
}

function toResponse(response: IncomingMessage): Response {
  const headers = new Headers();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    for (const value of values) headers.append(name, value);
  }
  const body = Readable.toWeb(response) as ReadableStream<Uint8Array>;
  return new Response(body, { status: response.statusCode ?? 0, headers });
}
