// SPDX-License-Identifier: Apache-2.0
// The hosts that clients name, and the versions of HTTP that a request line may claim.
import { serve } from "connect-stream/node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { noteEnvelope, rawHttp1, rawHttp2, statusOf } from "../support/raw.js";

let server: Awaited<ReturnType<typeof serve>>;
let urls: string[];

beforeAll(async () => {
  server = await serve({
    routes: (router) =>
      registerLabService(router, {
        async unary(request, { url }) {
          urls.push(url);
          return request;
        },
        async download(request, stream) {
          urls.push(stream.context.url);
          await stream.send(request);
        },
        async chat(stream) {
          for await (const message of stream) await stream.send(message);
        },
      }),
  });
});

beforeEach(() => {
  urls = [];
});

afterAll(() => server.close());

const path = "/lab.v1.LabService/Unary";

/** A unary call over HTTP/1.1, with these header fields and this version. */
function post(fields: string, version = "1.1"): Promise<string> {
  const head = `POST ${path} HTTP/${version}\r\n${fields}content-type: application/json\r\n`;
  return rawHttp1(server.port, `${head}connection: close\r\ncontent-length: 2\r\n\r\n{}`);
}

/** Where a URL can have the host, and where it stands in for one that it cannot have. */
const hosts: [string, string][] = [
  ["localhost", "localhost"],
  ["localhost:8080", "localhost:8080"],
  ["my_service", "my_service"],
  ["my_service.default.svc:50051", "my_service.default.svc:50051"],
  ["_", "_"],
  ["[::1]:50051", "[::1]:50051"],
  ["[fe80::1%25eth0]:50051", "localhost"],
  ["%2Ftmp%2Fsock", "localhost"],
  ["%2fvar%2frun%2fa.sock:80", "localhost"],
  ["service.1:50051", "localhost"],
  ["a,b;c=d", "a,b;c=d"],
  ["host:", "host:"],
];

describe.each(hosts)("%j is served", (host, inUrl) => {
  it("over HTTP/1.1", async () => {
    expect(await post(`host: ${host}\r\n`)).toMatch(/^HTTP\/1.1 200 /);
    expect(urls).toEqual([`http://${inUrl}${path}`]);
  });

  it("over HTTP/2", async () => {
    const headers = { ":authority": host, "content-type": "application/grpc", ":path": path };
    expect(statusOf(await rawHttp2(server.url, headers, [noteEnvelope()]))).toBe("");
    expect(urls).toEqual([`http://${inUrl}${path}`]);
  });

  it("as a URL that can be read", () => {
    expect(URL.canParse(`http://${inUrl}${path}`)).toBe(true);
  });
});

it.each([
  "",
  "a b",
  "a/b",
  "a?b",
  "a#b",
  "a@b",
  "[::1",
  "host:65536",
  "host:x",
  "%2",
  "%zz",
  "[x]",
  "a\\b",
])("%j is no host: 400", async (host) => {
  expect(await post(`host: ${host}\r\n`)).toMatch(/^HTTP\/1.1 400 /);
  expect(urls).toEqual([]);
});

it.each([
  ["host: a\r\nhost: b\r\n"],
  ["host: a\r\nHOST: a\r\n"],
  ["host: a\r\nx-a: b\r\nHost:\r\n"],
])("two Host fields are 400: %j", async (fields) => {
  expect(await post(fields)).toMatch(/^HTTP\/1.1 400 /);
  expect(urls).toEqual([]);
});

describe.each(["2.0", "0.9", "3.0", "1.2"])("HTTP/%s in a request line", (version) => {
  it.each([path, "/lab.v1.LabService/Chat", "/none"])("is an error: %s", async (target) => {
    const answer = await rawHttp1(
      server.port,
      `POST ${target} HTTP/${version}\r\nhost: a\r\ncontent-type: application/connect+json\r\n`,
      "transfer-encoding: chunked\r\n\r\n",
    );
    expect(answer).toMatch(/^HTTP\/1.1 (400|505) /);
    expect(urls).toEqual([]);
  });
});
