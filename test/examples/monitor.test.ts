// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { createClients } from "../../examples/clients.js";
import { watchWithGrpcJs } from "../../examples/grpc-js.js";
import { watchMetrics } from "../../examples/monitor/client.js";
import { createMonitorServiceClient } from "../../gen/monitor/v1/monitor_stream.js";
import { exampleServer, Log } from "./harness.js";

const server = exampleServer();
const percent = /CPU (\d+\.\d) %, memory (\d+\.\d) %/;

describe.each(["gRPC", "gRPC-Web", "Connect"])("monitor over %s", (protocol) => {
  const client = () => {
    const found = createClients(server.url).find(({ name }) => name === protocol);
    if (!found) throw new Error(`no client for ${protocol}`);
    return found.monitor;
  };

  it("samples until the client leaves", async () => {
    const seen = new Log();
    const stoppedBefore = server.log.count(/stopped sampling/);
    const outcome = await watchMetrics(client(), 2, seen.write);
    expect(outcome).toMatchObject({ endedBy: "client", code: Code.Canceled });
    expect(seen.lines).toHaveLength(2);
    for (const line of seen.lines) {
      const [, cpu, memory] = percent.exec(line) ?? [];
      expect(Number(cpu)).toBeGreaterThanOrEqual(0);
      expect(Number(cpu)).toBeLessThanOrEqual(100);
      expect(Number(memory)).toBeGreaterThan(0);
      expect(Number(memory)).toBeLessThanOrEqual(100);
    }
    await server.log.until(/stopped sampling/, stoppedBefore + 1);
  });

  it.each([0, -1, 86_401, 2 ** 31 - 1])("refuses an interval of %d", async (interval) => {
    await expect(client().watch({ interval }).recv()).rejects.toMatchObject({
      code: Code.InvalidArgument,
      rawMessage: expect.stringMatching(
        /^invalid monitor\.v1\.WatchRequest: interval: .* 1 .* 86400/,
      ),
    });
  });

  it("reads once", async () => {
    const { cpu, memory } = await client().read({});
    expect(cpu).toBeGreaterThanOrEqual(0);
    expect(cpu).toBeLessThanOrEqual(100);
    expect(memory).toBeGreaterThan(0);
  });
});

describe.each(["grpc-web", "connect"] as const)("monitor over %s and HTTP/1.1", (protocol) => {
  it("samples until the client leaves", async () => {
    const transport = createStreamTransport({ baseUrl: server.url, protocol, httpVersion: "1.1" });
    const stoppedBefore = server.log.count(/stopped sampling/);
    await watchMetrics(createMonitorServiceClient(transport), 2, () => {});
    await server.log.until(/stopped sampling/, stoppedBefore + 1);
  });
});

it("serves a client of grpc-js", async () => {
  const seen = new Log();
  const stoppedBefore = server.log.count(/stopped sampling/);
  await watchWithGrpcJs(server.host, 2, seen.write);
  expect(seen.count(percent)).toBe(2);
  await server.log.until(/stopped sampling/, stoppedBefore + 1);
});
