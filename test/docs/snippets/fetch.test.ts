// SPDX-License-Identifier: Apache-2.0
// The snippets of docs/fetch.md that run in any process. Those of Bun and Deno, and the plain Worker, run on
// their hosts: test/runtimes.
import { expect, it } from "vitest";
import { createMonitorServiceClient } from "../../../gen/monitor/v1/monitor_stream.js";
import { type Fetch, fetchTransport } from "../../support/clients/fetch-transport.js";
import hono from "./fetch/hono.js";
import * as next from "./fetch/next.js";
import worker from "./fetch/worker.js";
import workerWithEnv from "./fetch/worker-env.js";

const format = { protocol: "connect", binary: true, name: "Connect" } as const;

function monitorOn(answer: Fetch, baseUrl = "https://in.process") {
  return createMonitorServiceClient(fetchTransport(answer, format, { baseUrl }));
}

it.each([
  ["Hono", async (request: Request) => hono.fetch(request), ""],
  ["a Worker", worker.fetch, ""],
  ["Next.js", next.POST, "/api"],
])("%s", async (_, answer, prefix) => {
  const monitor = monitorOn(answer, `https://in.process${prefix}`);
  const seen: number[] = [];
  for await (const { cpu } of monitor.watch({ interval: 1 })) {
    seen.push(cpu);
    if (seen.length === 3) break;
  }
  expect(seen).toEqual([0, 1, 2]);
});

it("Hono answers the rest", async () => {
  const response = await hono.fetch(new Request("https://in.process/health"));
  expect(await response.text()).toBe("ok");
});

it("a Worker gives its environment to handlers", async () => {
  const stream = monitorOn((request) => workerWithEnv.fetch(request, { REGION: "fra" })).watch({});
  expect((await stream.header).get("region")).toBe("fra");
  expect(await stream.recv()).toMatchObject({ cpu: 1 });
});
