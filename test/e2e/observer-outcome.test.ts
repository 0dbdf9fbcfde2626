// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { describe, expect, it, onTestFinished } from "vitest";
import { all } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate, until } from "../support/gate.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { serveLab } from "../support/lab.js";
import { Recorder } from "../support/recorder.js";
import { stockServers } from "../support/stock-servers.js";
import { deadline, echo, watched } from "../support/watched.js";
import { grpcOn2, wires } from "../support/wires.js";

describe.each(wires)("the end of a call, $name", (wire) => {
  /** Sends one message, and then does nothing until its call is aborted. */
  async function silence(stream: DownloadServerStream): Promise<void> {
    await stream.send({});
    const { signal } = stream.context;
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    signal.throwIfAborted();
  }

  it("is the same on both sides when the handler fails", async () => {
    const { client, local, server } = await watched(
      {
        async download(_, stream) {
          await stream.send({});
          throw new ConnectError("not there", Code.NotFound);
        },
      },
      { wire },
    );
    await failure(all(client.download({})));
    const expected = { code: Code.NotFound, endedBy: "server", error: { rawMessage: "not there" } };
    expect((await server.only()).outcome).toMatchObject(expected);
    expect((await local.only()).outcome).toMatchObject(expected);
  });

  it("is told of a handler that throws anything", async () => {
    const { client, server } = await watched(
      { download: () => Promise.reject(new Error("secret")) },
      { wire },
    );
    await failure(all(client.download({})));
    const { outcome } = await server.only();
    expect(outcome).toMatchObject({ code: Code.Internal, endedBy: "server" });
    expect(outcome.error?.cause).toEqual(new Error("secret"));
  });

  it("is told when the client cancels", async () => {
    const { client, local, server } = await watched(
      { download: (_, stream) => silence(stream) },
      { wire },
    );
    const stream = client.download({});
    await stream.recv();
    stream.close();
    const expected = { code: Code.Canceled, endedBy: "client" };
    expect((await server.only()).outcome).toMatchObject(expected);
    expect((await local.only()).outcome).toMatchObject(expected);
  });

  it("is told when the connection is lost", async () => {
    const { client, lab, local, server } = await watched(
      { download: (_, stream) => silence(stream) },
      { wire, fragile: true },
    );
    const stream = client.download({});
    await stream.recv();
    lab.cut();
    await failure(stream.recv());
    expect((await server.only()).outcome).toMatchObject({
      code: Code.Canceled,
      // Over HTTP/1.1 that is how clients cancel.
      endedBy: wire.http === "2" ? "connection" : "client",
    });
    expect((await local.only()).outcome).toMatchObject({
      code: Code.Unavailable,
      endedBy: "connection",
    });
  });

  it("is told at the deadline", async () => {
    const { client, local, server } = await watched(
      { download: (_, stream) => silence(stream) },
      { wire },
    );
    // The server's deadline alone: which of the two runs out first is a matter of chance.
    await failure(all(client.download({}, { headers: deadline(wire) })));
    const code = Code.DeadlineExceeded;
    expect((await server.only()).outcome).toMatchObject({ code, endedBy: "deadline" });
    expect((await local.only()).outcome).toMatchObject({ code, endedBy: "server" });
    await failure(all(client.download({}, { timeoutMs: 50 })));
    const last = (await local.ended(2))[1]?.outcomes;
    expect(last).toMatchObject([{ code, endedBy: "deadline" }]);
  });

  it("is told when the server's limits of time are reached", async () => {
    const { client, server } = await watched(
      { download: (_, stream) => silence(stream) },
      { wire, service: { timeouts: { maxAgeMs: 20 } } },
    );
    await failure(all(client.download({})));
    expect((await server.only()).outcome).toMatchObject({
      code: Code.Unavailable,
      endedBy: "deadline",
    });
  });

  it("is told of unary calls", async () => {
    const { client, local, server } = await watched(
      {
        async unary({ text }, { signal }) {
          if (text === "fail") throw new ConnectError("no", Code.InvalidArgument);
          return new Promise((_, reject) => {
            signal.addEventListener("abort", () => reject(signal.reason));
          });
        },
      },
      { wire },
    );
    await failure(client.unary({ text: "fail" }));
    await local.ended(1);
    await server.ended(1);
    const controller = new AbortController();
    const canceled = client.unary({}, { signal: controller.signal });
    await until(() => server.calls.length === 2);
    controller.abort();
    await failure(canceled);
    await server.ended(2);
    // The server's deadline alone: which of the two runs out first is a matter of chance.
    await failure(client.unary({}, { headers: deadline(wire) }));
    const codes = async (recorder: Recorder) =>
      (await recorder.ended(3)).map(({ outcomes: [end] }) => [end?.code, end?.endedBy]);
    const expected = [
      [Code.InvalidArgument, "server"],
      [Code.Canceled, "client"],
    ];
    expect(await codes(local)).toEqual([...expected, [Code.DeadlineExceeded, "server"]]);
    expect(await codes(server)).toEqual([...expected, [Code.DeadlineExceeded, "deadline"]]);
    await failure(client.unary({}, { timeoutMs: 50 }));
    const last = (await local.ended(4))[3]?.outcomes;
    expect(last).toMatchObject([{ code: Code.DeadlineExceeded, endedBy: "deadline" }]);
  });
});

it("a call that never reached a server has an end, too", async () => {
  const local = new Recorder();
  const transport = ourTransport("http://127.0.0.1:1", grpcOn2);
  const client = createLabServiceClient(transport, { observer: local });
  await failure(all(client.download({})));
  await failure(client.unary({}));
  const calls = await local.ended(2);
  for (const { outcomes } of calls) {
    expect(outcomes).toMatchObject([{ code: Code.Unavailable, endedBy: "connection" }]);
  }
});

it("a call that cannot be begun has an end, too", async () => {
  const local = new Recorder();
  const sessionManager = {
    authority: "http://127.0.0.1:1",
    request() {
      throw new Error("no session");
    },
    notifyResponseByteRead() {},
  };
  const transport = createStreamTransport({
    baseUrl: "http://127.0.0.1:1",
    protocol: "grpc",
    sessionManager: sessionManager as never,
  });
  const client = createLabServiceClient(transport, { observer: local });
  expect((await failure(client.chat().recv())).rawMessage).toContain("no session");
  expect((await local.only()).outcome).toMatchObject({ code: Code.Internal, endedBy: "client" });
});

it("calls that an interceptor refuses are observed", async () => {
  const refuse: Interceptor = () => () => {
    throw new ConnectError("who are you?", Code.Unauthenticated);
  };
  const { client, server } = await watched(echo, { service: { interceptors: [refuse] } });
  await failure(all(client.download({})));
  expect((await server.only()).outcome).toMatchObject({
    code: Code.Unauthenticated,
    endedBy: "server",
  });
});

it("calls that no handler is there for are observed", async () => {
  const { client, server } = await watched({});
  await failure(all(client.download({})));
  expect((await server.only()).outcome.code).toBe(Code.Unimplemented);
});

describe.each(stockServers)("on $name", (stock) => {
  it.each(wires.filter(({ http }) => http === stock.http))(
    "$name calls are observed",
    async (wire) => {
      const server = new Recorder();
      const stopped = gate();
      const handler: LabServiceHandler = {
        ...echo,
        async download(request, stream) {
          await echo.download(request, stream);
          if (request.text !== "stay") return;
          const { signal } = stream.context;
          await new Promise((resolve) => signal.addEventListener("abort", resolve));
          stopped.resolve();
        },
      };
      const listener = await stock.listener((router) => {
        registerLabService(router, handler, { observer: server });
      });
      const lab = await serveLab(listener, stock.http);
      onTestFinished(() => lab[Symbol.asyncDispose]());
      const client = createLabServiceClient(ourTransport(lab.url, wire));
      await all(client.download({ text: "a,b" }));
      const { call, told, sent, received, outcome } = await server.only();
      expect(call).toMatchObject({ side: "server", protocol: wire.protocol, peer: undefined });
      expect(told).toEqual(["received", "header", "sent", "sent", "end"]);
      expect([received, sent]).toEqual([[0], [0, 0]]);
      expect(outcome).toMatchObject({ code: undefined, endedBy: "server", sent: { messages: 2 } });
      const left = client.download({ text: "stay" });
      await left.recv();
      left.close();
      await stopped.promise;
      const canceled = (await server.ended(2))[1];
      expect(canceled?.outcomes).toMatchObject([{ code: Code.Canceled, endedBy: "client" }]);
      await failure(all(client.download({ text: "stay" }, { headers: deadline(wire) })));
      const late = (await server.ended(3))[2];
      expect(late?.outcomes).toMatchObject([{ code: Code.DeadlineExceeded, endedBy: "deadline" }]);
    },
  );
});
