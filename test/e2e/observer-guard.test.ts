// SPDX-License-Identifier: Apache-2.0
import { AsyncLocalStorage } from "node:async_hooks";
import { Code, ConnectError } from "@connectrpc/connect";
import {
  type CallObserver,
  combineObservers,
  type ObservedCall,
  type RpcObserver,
} from "connect-stream";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { all } from "../support/clients/test-client.js";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { Recorder } from "../support/recorder.js";
import { echo, watched } from "../support/watched.js";

const transports = [
  { on: "our transport", create: ourTransport },
  { on: "Connect-Node's transport", create: connectNodeTransport },
];

/** What is printed to standard error, from now on. */
function printed() {
  const spy = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => spy.mockRestore());
  return spy.mock.calls;
}

/** An observer of which everything throws. */
const broken = (): RpcObserver => {
  const fail = () => {
    throw new Error("broken observer");
  };
  return {
    open: () => ({
      run: fail,
      onHeader: fail,
      onMessageSent: fail,
      onMessageReceived: fail,
      onSendWait: fail,
      onRetry: fail,
      onEnd: fail,
    }),
  };
};

describe.each(transports)("an observer that throws, on $on", ({ create }) => {
  it.each([
    ["in open", (): RpcObserver => ({ open: () => JSON.parse("no JSON") })],
    ["everywhere", broken],
  ])("%s hurts no call, and is reported once", async (_, observer) => {
    const errors = printed();
    const observers = { server: observer(), client: observer() };
    const { client } = await watched(echo, {
      create,
      service: { observer: observers.server },
      client: { observer: observers.client },
    });
    expect(await client.unary({ text: "a" })).toMatchObject({ text: "a" });
    expect(await all(client.download({ text: "a,b" }))).toHaveLength(2);
    const upload = client.upload();
    await upload.send({ text: "a" });
    expect(await upload.closeAndRecv()).toMatchObject({ text: "a" });
    const chat = client.chat();
    await chat.send({ text: "a" });
    expect(await chat.recv()).toMatchObject({ text: "a" });
    await chat.closeSend();
    expect(await chat.recv()).toBeUndefined();
    expect(errors).toHaveLength(2);
  });

  it("with a promise hurts no process, and is reported once", async () => {
    const errors = printed();
    const fail = () => Promise.reject(new Error("broken observer"));
    const observer = () => ({ open: () => ({ onMessageSent: fail, onEnd: fail }) });
    const { client } = await watched(echo, {
      create,
      service: { observer: observer() },
      client: { observer: observer() },
    });
    expect(await all(client.download({ text: "a,b" }))).toHaveLength(2);
    await client.unary({});
    expect(errors).toHaveLength(2);
  });
});

describe("run", () => {
  const storage = new AsyncLocalStorage<string>();
  const within = (name: string, more: CallObserver = {}): RpcObserver => ({
    open: ({ method }) => ({ run: (next) => storage.run(`${name} ${method.name}`, next), ...more }),
  });

  it("is around the handler to its end", async () => {
    const seen: (string | undefined)[] = [];
    const note = () => seen.push(storage.getStore());
    const { client } = await watched(
      {
        async unary(request) {
          note();
          await new Promise(setImmediate);
          note();
          return request;
        },
        async download({ text }, stream) {
          note();
          await stream.send({ text });
          note();
        },
        async chat(stream) {
          for await (const message of stream) {
            note();
            await stream.send(message);
          }
          note();
        },
      },
      { service: { observer: within("server") } },
    );
    await client.unary({});
    await all(client.download({}));
    const chat = client.chat();
    await chat.send({});
    await chat.recv();
    await chat.closeSend();
    await chat.recv();
    const expected = ["Unary", "Unary", "Download", "Download", "Chat", "Chat"];
    expect(seen).toEqual(expected.map((name) => `server ${name}`));
  });

  it.each(transports)(
    "is around a client's interceptors and attempts, on $on",
    async ({ create }) => {
      const seen: (string | undefined)[] = [];
      let failures = 2;
      const refuse = () => {
        if (failures-- > 0) throw new ConnectError("busy", Code.Unavailable);
      };
      const { client } = await watched(
        {
          async unary(request) {
            refuse();
            return request;
          },
          async download() {
            refuse();
          },
        },
        {
          create,
          transport: {
            interceptors: [
              (next) => (request) => {
                seen.push(storage.getStore());
                return next(request);
              },
            ],
          },
          client: {
            observer: within("client"),
            retry: { initialBackoffMs: 1, retryableCodes: [Code.Unavailable] },
          },
        },
      );
      await client.unary({});
      failures = 1;
      await storage.run("outside", async () => {
        await all(client.download({}));
        expect(storage.getStore()).toBe("outside");
      });
      const expected = ["Unary", "Unary", "Unary", "Download", "Download"];
      expect(seen).toEqual(expected.map((name) => `client ${name}`));
    },
  );

  it.each<[string, NonNullable<CallObserver["run"]>]>([
    ["does not call next", () => undefined],
    [
      "calls next twice",
      (next) => {
        next();
        next();
      },
    ],
    [
      "throws after next",
      (next) => {
        next();
        throw new Error("broken observer");
      },
    ],
  ])("that %s changes nothing", async (_, run) => {
    printed();
    let handled = 0;
    const observer = { open: () => ({ run }) };
    const { client } = await watched(
      {
        async download({ text }, stream) {
          handled++;
          await stream.send({ text });
          throw new ConnectError("end", Code.Aborted);
        },
      },
      { service: { observer }, client: { observer } },
    );
    const stream = client.download({ text: "a" });
    expect(await stream.recv()).toMatchObject({ text: "a" });
    expect((await failure(stream.recv())).code).toBe(Code.Aborted);
    expect(handled).toBe(1);
  });
});

describe("combineObservers", () => {
  it("tells all, in order, and nests them", async () => {
    const told: string[] = [];
    const named = (name: string): RpcObserver => ({
      open({ side }) {
        told.push(`${name} open ${side}`);
        return {
          run(next) {
            told.push(`${name} in`);
            next();
            told.push(`${name} out`);
          },
          onEnd: () => told.push(`${name} end`),
        };
      },
    });
    const recorder = new Recorder();
    const observer = combineObservers(named("a"), broken(), named("b"), recorder);
    const errors = printed();
    const { client } = await watched(echo, { client: { observer } });
    expect(await all(client.download({ text: "a" }))).toHaveLength(1);
    expect(told).toEqual([
      "a open client",
      "b open client",
      "a in",
      "b in",
      "b out",
      "a out",
      "a end",
      "b end",
    ]);
    expect((await recorder.only()).told).toEqual(["sent", "header", "received", "end"]);
    expect(errors).toHaveLength(1);
  });

  it("leaves calls alone that nobody wants", () => {
    const none = { open: () => undefined };
    const call = { side: "client" } as ObservedCall;
    expect(combineObservers().open(call)).toBeUndefined();
    expect(combineObservers(none, none).open(call)).toBeUndefined();
    const one = combineObservers(none, { open: () => ({ onEnd: () => undefined }) }).open(call);
    expect(Object.keys(one ?? {}).sort()).toEqual(["onEnd", "run"]);
  });
});
