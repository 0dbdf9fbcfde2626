// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ownTransport } from "../faults/transport.js";
import { generatedClient } from "../support/clients/generated.js";
import { describeEach } from "../support/clients/kinds.js";
import { plainClient } from "../support/clients/plain-connect.js";
import { ourTransport } from "../support/clients/transports.js";
import { pair } from "../support/fixture.js";
import { failure, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { bulk } from "../support/note.js";
import { wires } from "../support/wires.js";

const LIMIT = 10_000;
const small = bulk(1000);
const large = bulk(20_000);

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };

  it("a request larger than the server reads ends the call", async () => {
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      expect((await stream.recv())?.payload.length).toBe(1000);
      expect((await failure(stream.recv())).code).toBe(Code.ResourceExhausted);
      expect(stream.context.signal.aborted).toBe(true);
    });
    await using p = await pair(
      combination,
      { upload: handler },
      { adapter: { readMaxBytes: LIMIT } },
    );
    const call = p.client.upload();
    const sent = [call.send(small), call.send(large)];
    expect((await failure(call.recv())).code).toBe(Code.ResourceExhausted);
    expect(await ended).toBeUndefined();
    await Promise.allSettled(sent);
    await p.lab.idle();
  });

  it("a response larger than the server writes ends the call", async () => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      await stream.send(small);
      expect((await failure(stream.send(large))).code).toBe(Code.ResourceExhausted);
      expect((await failure(stream.send(small))).code).toBe(Code.ResourceExhausted);
      expect(stream.context.signal.aborted).toBe(true);
    });
    await using p = await pair(
      combination,
      { download: handler },
      { adapter: { writeMaxBytes: LIMIT } },
    );
    const call = p.client.download({});
    expect((await call.recv())?.payload.length).toBe(1000);
    expect((await failure(call.recv())).code).toBe(Code.ResourceExhausted);
    expect(await ended).toBeUndefined();
    await p.lab.idle();
  });
});

describe.each(wires)("on our transport, $name", (wire) => {
  it.each([
    ["the generated client", generatedClient],
    ["Connect's client", plainClient],
  ])("a response larger than %s reads ends the call", async (_, create) => {
    const { handler, ended } = observed(async (_: Note, stream: DownloadServerStream) => {
      await stream.send(small);
      await stream.send(large);
      for (;;) await stream.send(small);
    });
    await using lab = await startLab({ download: handler }, { http: wire.http });
    const client = create(ourTransport(lab.url, wire, { readMaxBytes: LIMIT }));
    const call = client.download({});
    expect((await call.recv())?.payload.length).toBe(1000);
    expect((await failure(call.recv())).code).toBe(Code.ResourceExhausted);
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await lab.idle();
  });

  it.each([
    ["the generated client", generatedClient],
    ["Connect's client", plainClient],
  ])("a request larger than %s writes ends the call", async (_, create) => {
    const started = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      for await (const _ of stream) started.resolve();
    });
    await using lab = await startLab({ upload: handler }, { http: wire.http });
    const client = create(ourTransport(lab.url, wire, { writeMaxBytes: LIMIT }));
    const call = client.upload();
    await call.send(small);
    await started.promise;
    const sent = call.send(large).catch((error: unknown) => error);
    expect((await failure(call.recv())).code).toBe(Code.ResourceExhausted);
    if (create === generatedClient) {
      expect(ConnectError.from(await sent).code).toBe(Code.ResourceExhausted);
    }
    expect(ConnectError.from(await ended).code).toBe(Code.Canceled);
    await lab.idle();
  });

  it.each([
    ["a few packets", 20_000],
    ["more than buffers hold", 8 * 1024 * 1024],
  ])("a unary request too large by %s is refused, and its connection goes on", async (_, size) => {
    let handled = 0;
    await using lab = await startLab(
      {
        async unary(request) {
          handled++;
          return request;
        },
      },
      { http: wire.http, adapter: { readMaxBytes: LIMIT } },
    );
    using own = ownTransport(lab.url, wire);
    const client = generatedClient(own.transport);
    for (let i = 0; i < 2; i++) {
      expect((await failure(client.unary(bulk(size)))).code).toBe(Code.ResourceExhausted);
      expect((await client.unary(small)).payload.length).toBe(1000);
    }
    expect({ handled, connections: lab.connections }).toEqual({ handled: 2, connections: 1 });
    await lab.idle();
  });

  it("messages of exactly the limit pass", async () => {
    // One field: tag, length, bytes.
    const exact = { payload: new Uint8Array(LIMIT - 3) };
    await using lab = await startLab(
      {
        async download(request, stream) {
          await stream.send(request);
        },
      },
      {
        http: wire.http,
        adapter: { readMaxBytes: LIMIT, writeMaxBytes: LIMIT, acceptCompression: [] },
      },
    );
    const limits = { readMaxBytes: LIMIT, writeMaxBytes: LIMIT };
    const client = generatedClient(ourTransport(lab.url, wire, limits));
    expect((await client.download(exact).recv())?.payload.length).toBe(LIMIT - 3);
  });

  it("limits of a client hold for unary calls, too, and those of a call go before them", async () => {
    await using lab = await startLab(
      { unary: async ({ number }) => (number === 0n ? {} : large) },
      { http: wire.http },
    );
    const limits = { readMaxBytes: LIMIT, writeMaxBytes: LIMIT };
    const client = createLabServiceClient(ourTransport(lab.url, wire), { limits });
    const raised = { limits: { readMaxBytes: 3 * LIMIT, writeMaxBytes: 3 * LIMIT } };
    expect((await failure(client.unary(large))).code).toBe(Code.ResourceExhausted);
    expect((await failure(client.unary({ number: 1n }))).code).toBe(Code.ResourceExhausted);
    await client.unary({ number: 0n });
    expect((await client.unary({ ...large, number: 1n }, raised)).payload.length).toBe(20_000);
    await lab.idle();
  });

  it("by default a message has at most 4 MiB", async () => {
    const tooLarge = bulk(4 * 1024 * 1024);
    await using lab = await startLab(
      {
        async download(_request, stream) {
          await stream.send(tooLarge);
        },
        async upload(stream) {
          await stream.recv();
        },
      },
      { http: wire.http },
    );
    const client = generatedClient(ourTransport(lab.url, wire));
    expect((await failure(client.download({}).recv())).code).toBe(Code.ResourceExhausted);
    const upload = client.upload();
    void upload.send(tooLarge);
    expect((await failure(upload.recv())).code).toBe(Code.ResourceExhausted);
    await lab.idle();
  });
});
