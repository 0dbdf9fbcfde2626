// SPDX-License-Identifier: Apache-2.0
// A name with several addresses: which of them a client connects to, and where its calls go.
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Code } from "@connectrpc/connect";
import { createStreamTransport, type RunningServer, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { failure, until } from "../support/gate.js";
import { createLabServiceClient, registerLabService } from "../support/gen/lab/v1/lab_stream.js";

/** Servers on the same port of several addresses of this machine. They answer with their address. */
async function backends(addresses: readonly string[]): Promise<Map<string, RunningServer>> {
  const servers = new Map<string, RunningServer>();
  let port = 0;
  for (const host of addresses) {
    const server = await serve({
      host,
      port,
      routes: (router) => void registerLabService(router, { unary: async () => ({ text: host }) }),
    });
    port = server.port;
    servers.set(host, server);
    onTestFinished(() => server.close({ graceMs: 0 }));
  }
  return servers;
}

/** A name that stands for `addresses`, as they are when it is looked up. */
function nameOf(addresses: readonly string[]): LookupFunction {
  return (_hostname, options, callback) => {
    const found: LookupAddress[] = addresses.map((address) => ({ address, family: 4 }));
    if (options.all) callback(null, found);
    else callback(null, found[0]?.address ?? "", 4);
  };
}

function connectTo(port: number, lookup: LookupFunction, options: object = {}) {
  const transport = createStreamTransport({
    baseUrl: `http://backends.test:${port}`,
    protocol: "grpc",
    loadBalancing: "round-robin",
    nodeOptions: { lookup },
    ...options,
  });
  onTestFinished(() => transport.close({ graceMs: 0 }));
  return createLabServiceClient(transport);
}

const three = ["127.0.0.1", "127.0.0.2", "127.0.0.3"];

it("round-robin: calls go to all addresses in turn", async () => {
  const servers = await backends(three);
  const [first] = [...servers.values()];
  const client = connectTo(first?.port ?? 0, nameOf(three));
  const seen = new Set<string>();
  await until(() => {
    void client.unary({}).then(({ text }) => seen.add(text));
    return seen.size === 3;
  });
  const texts: string[] = [];
  for (let i = 0; i < 6; i++) texts.push((await client.unary({})).text);
  expect(texts.slice(0, 3).sort()).toEqual(three);
  expect(texts.slice(3)).toEqual(texts.slice(0, 3));
});

it("round-robin: an address where nothing listens stands in nobody's way", async () => {
  const servers = await backends(["127.0.0.1", "127.0.0.3"]);
  const [first] = [...servers.values()];
  const client = connectTo(first?.port ?? 0, nameOf(three));
  const seen = new Set<string>();
  await until(() => {
    void client.unary({}).then(({ text }) => seen.add(text));
    return seen.size === 2;
  });
  for (let i = 0; i < 20; i++) await client.unary({});
});

it("round-robin: the name is looked up again when a connection is lost", async () => {
  const addresses = ["127.0.0.1"];
  const servers = await backends(three);
  const [first] = [...servers.values()];
  const client = connectTo(first?.port ?? 0, nameOf(addresses));
  expect((await client.unary({})).text).toBe("127.0.0.1");
  addresses.splice(0, 1, "127.0.0.2");
  await first?.close({ graceMs: 0 });
  expect((await client.unary({})).text).toBe("127.0.0.2");
});

it("pick-first: one connection is enough", async () => {
  const servers = await backends(three);
  const [first] = [...servers.values()];
  const client = connectTo(first?.port ?? 0, nameOf(three), { loadBalancing: undefined });
  const texts = new Set<string>();
  for (let i = 0; i < 6; i++) texts.add((await client.unary({})).text);
  expect(texts.size).toBe(1);
});

it("round-robin: a name without addresses is an error of the call", async () => {
  const client = connectTo(1, nameOf([]));
  const error = await failure(client.unary({}));
  expect(error.code).toBe(Code.Unavailable);
});

it.each([
  [{ loadBalancing: "random" }, 'loadBalancing must be "pick-first" or "round-robin"'],
  [
    { loadBalancing: "round-robin", nodeOptions: { createConnection: () => undefined } },
    'loadBalancing: "round-robin" does nothing',
  ],
])("refuses %o", (options, message) => {
  const create = createStreamTransport as (options: object) => unknown;
  const given = { baseUrl: "http://127.0.0.1:1", protocol: "grpc", ...options };
  expect(() => create(given)).toThrow(message);
});
