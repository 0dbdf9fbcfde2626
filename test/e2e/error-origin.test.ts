// SPDX-License-Identifier: Apache-2.0
// What the error of a client says of where it comes from: the RPC, and the line that asked for it.
import { inspect } from "node:util";
import { Code, ConnectError } from "@connectrpc/connect";
import { findRpc } from "connect-stream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, turn } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
import { connectOn2, type Wire, wires } from "../support/wires.js";

type Client = ReturnType<typeof createLabServiceClient>;

const refuse = async () => {
  await turn();
  throw new ConnectError("no", Code.NotFound);
};

const labs: Partial<Record<Wire["http"], Lab>> = {};

beforeAll(async () => {
  const handler = { unary: refuse, download: refuse, upload: refuse, chat: refuse };
  labs["1.1"] = await startLab(handler, { http: "1.1" });
  labs["2"] = await startLab(handler);
});

afterAll(() => Promise.all(Object.values(labs).map((lab) => lab[Symbol.asyncDispose]())));

const urlFor = ({ http }: Wire): string => labs[http]?.url ?? "";

async function fill(stream: { send(message: object): Promise<void> }): Promise<void> {
  const message = bulk(64 * 1024);
  for (;;) await stream.send(message);
}

/** Ways to learn that a call has failed. Each is named as its line in a stack is. */
const ways: readonly (readonly [rpc: string, way: (client: Client) => Promise<unknown>])[] = [
  [
    "Unary",
    async function callUnary(client) {
      return await client.unary({});
    },
  ],
  [
    "Download",
    async function recvPending(client) {
      return await client.download({}).recv();
    },
  ],
  [
    "Download",
    async function recvLate(client) {
      const stream = client.download({});
      await stream.outcome;
      return await stream.recv();
    },
  ],
  [
    "Download",
    async function loop(client) {
      for await (const _ of client.download({}));
    },
  ],
  [
    "Upload",
    async function closeAndRecv(client) {
      return await client.upload().closeAndRecv();
    },
  ],
  [
    "Upload",
    async function closeAndRecvLate(client) {
      const stream = client.upload();
      await stream.outcome;
      return await stream.closeAndRecv();
    },
  ],
  [
    "Upload",
    async function sendPending(client) {
      return await fill(client.upload());
    },
  ],
  [
    "Upload",
    async function sendLate(client) {
      const stream = client.upload();
      await stream.outcome;
      await stream.send({});
    },
  ],
  [
    "Unary",
    async function aborted(client) {
      return await client.unary({}, { signal: AbortSignal.abort() });
    },
  ],
  [
    "Unary",
    async function unsendable(client) {
      return await client.unary({ number: "x" } as never);
    },
  ],
];

describe.each([
  ["our transport", ourTransport, {}],
  ["our transport, with retries", ourTransport, { retry: {} }],
  ["a transport of Connect's", connectNodeTransport, {}],
] as const)("on %s", (_, create, options) => {
  describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
    it.each(ways)("an error of %s names it, and has the caller's line: %o", async (rpc, way) => {
      const client = createLabServiceClient(create(urlFor(wire), wire), options);
      const error = await failure(way(client));
      const path = `/lab.v1.LabService/${rpc}`;
      expect(error).toMatchObject({ rpc: path });
      expect(findRpc(error)).toBe(path);
      // So loggers show it, which print what an error has of its own.
      expect(inspect(error)).toContain(`rpc: '${path}'`);
      expect(Object.keys(error)).toContain("rpc");
      expect(error.stack).toMatch(new RegExp(`at (async )?${way.name} \\(.*error-origin\\.test`));
    });
  });
});

it("the outcome and observers have it, too", async () => {
  const told = gate<ConnectError | undefined>();
  const observer = { open: () => ({ onEnd: ({ error }: Told) => told.resolve(error) }) };
  type Told = { readonly error: ConnectError | undefined };
  const transport = ourTransport(urlFor(connectOn2), connectOn2);
  const stream = createLabServiceClient(transport, { observer }).chat();
  const { error } = await stream.outcome;
  expect(findRpc(error)).toBe("/lab.v1.LabService/Chat");
  expect(findRpc(await told.promise)).toBe("/lab.v1.LabService/Chat");
});

it("an error that many get has the line of each, once", async () => {
  const transport = ourTransport(urlFor(connectOn2), connectOn2);
  const stream = createLabServiceClient(transport).chat();
  async function sender() {
    await stream.send({});
  }
  async function receiver() {
    await stream.recv();
  }
  await stream.outcome;
  const errors: ConnectError[] = [];
  for (let i = 0; i < 3; i++)
    for (const get of [sender, receiver]) errors.push(await failure(get()));
  const { stack = "" } = errors.at(-1) ?? {};
  expect(stack.match(/at (async )?sender /g)).toHaveLength(1);
  expect(stack.match(/at (async )?receiver /g)).toHaveLength(1);
});

it("a stack does not grow without end", async () => {
  const transport = ourTransport(urlFor(connectOn2), connectOn2);
  const stream = createLabServiceClient(transport).chat();
  await stream.outcome;
  const places = Array.from(
    { length: 200 },
    (_, i) =>
      new Function("stream", `return async function place${i}() { await stream.send({}); }`),
  );
  const errors = await Promise.all(places.map((place) => failure(place(stream)())));
  expect(errors[0]?.stack?.length).toBeLessThan(20_000);
});

it("calls that succeed pay nothing for it", async () => {
  await using lab = await startLab({
    unary: async () => ({}),
    async chat(stream) {
      for await (const message of stream) await stream.send(message);
    },
  });
  const client = createLabServiceClient(ourTransport(lab.url, connectOn2));
  const capture = vi.spyOn(Error, "captureStackTrace");
  try {
    await client.unary({});
    const chat = client.chat();
    for (let i = 0; i < 10; i++) {
      await chat.send({});
      await chat.recv();
    }
    await chat.closeSend();
    for await (const _ of chat);
    expect(capture).not.toHaveBeenCalled();
  } finally {
    capture.mockRestore();
  }
});

it.each([undefined, null, "x", new Error("x"), new ConnectError("x"), { rpc: "/a/B" }])(
  "what is no error of a client has no RPC: %s",
  (thrown) => {
    expect(findRpc(thrown)).toBeUndefined();
  },
);
