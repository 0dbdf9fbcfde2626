// SPDX-License-Identifier: Apache-2.0
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Code } from "@connectrpc/connect";
import { findFieldViolations } from "connect-stream";
import { createStreamTransport } from "connect-stream/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { uploadEvents } from "../../examples/analytics/client.js";
import { createClients } from "../../examples/clients.js";
import { uploadWithGrpcJs } from "../../examples/grpc-js.js";
import { createAnalyticsServiceClient } from "../../gen/analytics/v1/analytics_stream.js";
import { exampleServer } from "./harness.js";

const server = exampleServer();
const eventsFile = new URL("../../examples/analytics/events.ndjson", import.meta.url);
const brokenEvent = JSON.stringify({ event_type: "search", timestamp: "yesterday", data: {} });
let folder: string;
let brokenFile: string;
let events: string[];

beforeAll(async () => {
  events = (await readFile(eventsFile, "utf8")).trimEnd().split("\n");
  folder = await mkdtemp(join(tmpdir(), "events-"));
  brokenFile = join(folder, "broken.ndjson");
  await writeFile(brokenFile, [...events.slice(0, 9), brokenEvent, ...events].join("\n"));
});
afterAll(() => rm(folder, { recursive: true }));

describe.each(["gRPC", "gRPC-Web", "Connect"])("analytics over %s", (protocol) => {
  const client = () => {
    const found = createClients(server.url).find(({ name }) => name === protocol);
    if (!found) throw new Error(`no client for ${protocol}`);
    return found.analytics;
  };

  it("counts the events of a file", async () => {
    expect(await uploadEvents(client(), eventsFile)).toBe(BigInt(events.length));
  });

  it("tells what is wrong with an event, in the middle of the upload", async () => {
    const error = await uploadEvents(client(), brokenFile).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: Code.InvalidArgument });
    expect(findFieldViolations(error)).toMatchObject([
      { field: "timestamp", description: "must be a time of RFC 3339" },
    ]);
  });

  it("fails, and closes the call, if the file is missing", async () => {
    await expect(uploadEvents(client(), join(folder, "missing"))).rejects.toThrow("ENOENT");
  });

  it("does not count an upload that was given up", async () => {
    const processedBefore = server.log.count(/processed/);
    const stream = client().process();
    await stream.send({ eventType: "search", timestamp: "2025-03-14T06:00:00Z" });
    stream.close();
    expect(await uploadEvents(client(), eventsFile)).toBe(BigInt(events.length));
    expect(server.log.count(/processed/)).toBe(processedBefore + 1);
  });
});

it.each(["grpc-web", "connect"] as const)("counts over %s and HTTP/1.1", async (protocol) => {
  const transport = createStreamTransport({ baseUrl: server.url, protocol, httpVersion: "1.1" });
  const client = createAnalyticsServiceClient(transport);
  expect(await uploadEvents(client, eventsFile)).toBe(BigInt(events.length));
});

it("serves a client of grpc-js", async () => {
  expect(await uploadWithGrpcJs(server.host, eventsFile)).toBe(BigInt(events.length));
  await expect(uploadWithGrpcJs(server.host, brokenFile)).rejects.toMatchObject({
    code: Code.InvalidArgument,
  });
});
