// SPDX-License-Identifier: Apache-2.0
// `fetch` as a browser does it for a page of another origin: https://fetch.spec.whatwg.org/#http-cors-protocol
import { request } from "node:http";

/** What a page may be told, and what its browser was. */
export interface Page {
  readonly fetch: typeof globalThis.fetch;
  /** The answers to preflights, in order. */
  readonly preflights: Headers[];
}

const safelistedRequest = ["accept", "accept-language", "content-language"];
const safelistedResponse = ["cache-control", "content-language", "content-length", "content-type"];

/** A page of `origin`, whose requests have cookies if `credentials`. */
export function openPage(origin: string, credentials = false): Page {
  const preflights: Headers[] = [];
  const check = (what: string, headers: Headers): void => {
    const allowed = headers.get("access-control-allow-origin");
    if (allowed !== origin && (allowed !== "*" || credentials)) {
      throw new TypeError(`${what}: access-control-allow-origin is ${allowed}`);
    }
    if (credentials && headers.get("access-control-allow-credentials") !== "true") {
      throw new TypeError(`${what}: no credentials`);
    }
  };
  const preflight = async (asked: Request): Promise<void> => {
    const names = [...asked.headers.keys()].filter((name) => !safelistedRequest.includes(name));
    const answer = await options(asked.url, {
      origin,
      "access-control-request-method": asked.method,
      "access-control-request-headers": names.sort().join(","),
    });
    if (answer.status < 200 || answer.status > 299) {
      throw new TypeError(`preflight: ${answer.status}`);
    }
    check("preflight", answer.headers);
    preflights.push(answer.headers);
    const allowed = tokens(answer.headers, "access-control-allow-headers");
    const missing = names.filter((name) => !allowed.includes(name));
    if (missing.length > 0) throw new TypeError(`preflight: ${missing.join(", ")} not allowed`);
    const methods = tokens(answer.headers, "access-control-allow-methods");
    if (!methods.includes(asked.method.toLowerCase())) throw new TypeError("preflight: method");
  };
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const asked = new Request(input, init);
    const simple = [...asked.headers.keys()].every((name) => safelistedRequest.includes(name));
    if (asked.method !== "GET" || !simple) await preflight(asked);
    const response = await globalThis.fetch(input, { ...init, headers: withOrigin(init, origin) });
    check("response", response.headers);
    const exposed = tokens(response.headers, "access-control-expose-headers");
    const seen = [...response.headers].filter(
      ([name]) => exposed.includes(name) || safelistedResponse.includes(name),
    );
    const { status, statusText, body } = response;
    return new Response(body, { status, statusText, headers: seen });
  };
  return { fetch, preflights };
}

function withOrigin(init: RequestInit | undefined, origin: string): Headers {
  const headers = new Headers(init?.headers);
  headers.set("origin", origin);
  return headers;
}

function tokens(headers: Headers, name: string): string[] {
  return (headers.get(name) ?? "").split(",").map((token) => token.trim().toLowerCase());
}

/** Node's `fetch` would do without the names that only browsers may send. */
export function options(
  url: string,
  headers: Record<string, string>,
): Promise<{ status: number; headers: Headers }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "OPTIONS", headers, agent: false }, (response) => {
      response.resume();
      const fields = new Headers();
      for (const [name, value] of Object.entries(response.headers)) {
        if (value !== undefined) fields.set(name, String(value));
      }
      resolve({ status: response.statusCode ?? 0, headers: fields });
    });
    asked.on("error", reject);
    asked.end();
  });
}
