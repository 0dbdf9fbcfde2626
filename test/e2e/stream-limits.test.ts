// SPDX-License-Identifier: Apache-2.0
import { Code, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import type { StreamLimits } from "connect-stream";
import { describe, expect, it } from "vitest";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure, gate, observed } from "../support/gate.js";
import type { Note } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type DownloadServerStream,
  type LabServiceHandler,
  type UploadServerStream,
} from "../support/gen/lab/v1/lab_stream.js";
import { type LabOptions, startLab } from "../support/lab.js";
import { connectOn2, grpcOn2, type Wire, wires } from "../support/wires.js";

interface Setting {
  readonly name: string;
  readonly wire: Wire;
  readonly options: LabOptions;
  readonly transport: typeof ourTransport;
}

const passing: Interceptor = (next) => (request) => next(request);

const settings: readonly Setting[] = [
  ...wires.map((wire) => ({ name: wire.name, wire, options: {}, transport: ourTransport })),
  {
    name: "behind interceptors",
    wire: grpcOn2,
    options: { adapter: { interceptors: [passing] } },
    transport: (url, wire) => ourTransport(url, wire, { interceptors: [passing] }),
  },
  {
    name: "Connect's adapter and transport",
    wire: connectOn2,
    options: { listener: connectNodeAdapter },
    transport: connectNodeTransport,
  },
];

/** One field: tag, length in two bytes, and so 1000 bytes. */
const kilo: Pick<Note, "payload"> = { payload: new Uint8Array(997) };

const upload: Pick<LabServiceHandler, "upload"> = {
  async upload(stream) {
    let number = 0n;
    for await (const _ of stream) number++;
    await stream.sendAndClose({ number });
  },
};

const download: Pick<LabServiceHandler, "download"> = {
  async download({ number }, stream) {
    for (let i = 0; i < number; i++) await stream.send(kilo);
  },
};

describe.each(settings)("$name", ({ wire, options, transport }) => {
  const serve = (handler: Partial<LabServiceHandler>, limits: StreamLimits = {}) =>
    startLab(handler, { ...options, http: wire.http, service: { limits } });
  const dial = (url: string, limits: StreamLimits = {}) =>
    createLabServiceClient(transport(url, wire), { limits });

  it("a server receives so much of a stream", async () => {
    const { handler, ended } = observed(upload.upload);
    await using lab = await serve({ upload: handler }, { readStreamMaxBytes: 3000 });
    const client = dial(lab.url);
    const fits = client.upload();
    for (let i = 0; i < 3; i++) await fits.send(kilo);
    expect((await fits.closeAndRecv()).number).toBe(3n);
    const call = client.upload();
    for (let i = 0; i < 4; i++) void call.send(kilo).catch(() => undefined);
    const error = await failure(call.closeAndRecv());
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toBe(
      "stream size 4000 is larger than configured readStreamMaxBytes 3000",
    );
    expect(await ended).toBeUndefined();
    await lab.idle();
  });

  it("a server sends so much of a stream", async () => {
    const { handler, ended } = observed(async (request: Note, stream: DownloadServerStream) => {
      await download.download(request, stream);
    });
    await using lab = await serve({ download: handler }, { writeStreamMaxBytes: 3000 });
    const call = dial(lab.url).download({ number: 4n });
    const error = await failure(readAll(call));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toBe(
      "stream size 4000 is larger than configured writeStreamMaxBytes 3000",
    );
    // Interceptors read ahead of what is sent: their handler may be done by then.
    if (options.adapter?.interceptors) await ended;
    else expect(await ended).toMatchObject({ code: Code.ResourceExhausted });
    await lab.idle();
  });

  it("a client receives so much of a stream", async () => {
    await using lab = await serve(download);
    const client = dial(lab.url, { readStreamMaxBytes: 3000 });
    expect(await readAll(client.download({ number: 3n }))).toBe(3);
    const call = client.download({ number: 4n });
    const error = await failure(readAll(call));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toContain("4000 is larger than configured readStreamMaxBytes 3000");
    const more = client.download({ number: 4n }, { limits: { readStreamMaxBytes: 4000 } });
    expect(await readAll(more)).toBe(4);
    await lab.idle();
  });

  it("a client sends so much of a stream", async () => {
    const started = gate();
    const { handler, ended } = observed(async (stream: UploadServerStream) => {
      for await (const _ of stream) started.resolve();
    });
    await using lab = await serve({ upload: handler });
    const call = dial(lab.url, { writeStreamMaxBytes: 3000 }).upload();
    for (let i = 0; i < 3; i++) await call.send(kilo);
    await started.promise;
    const error = await failure(call.send(kilo));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.rawMessage).toContain("4000 is larger than configured writeStreamMaxBytes 3000");
    expect((await call.outcome).code).toBe(Code.ResourceExhausted);
    expect(await ended).toMatchObject({ code: Code.Canceled });
    await lab.idle();
  });

  it("limits of messages give their size, on both sides", async () => {
    await using small = await serve({ ...upload, ...download }, { readMaxBytes: 999 });
    const tooLarge = dial(small.url).upload();
    void tooLarge.send(kilo).catch(() => undefined);
    const refused = await failure(tooLarge.closeAndRecv());
    expect(refused.code).toBe(Code.ResourceExhausted);
    expect(refused.rawMessage).toMatch(/1000 is larger than configured readMaxBytes 999/);

    await using strict = await serve(download, { writeMaxBytes: 999 });
    const unsent = await failure(readAll(dial(strict.url).download({ number: 1n })));
    expect(unsent.code).toBe(Code.ResourceExhausted);
    expect(unsent.rawMessage).toContain("1000 is larger than configured writeMaxBytes 999");

    await using lab = await serve({ ...upload, ...download });
    const client = dial(lab.url, { readMaxBytes: 999, writeMaxBytes: 999 });
    const read = await failure(readAll(client.download({ number: 1n })));
    expect(read.rawMessage).toContain("1000 is larger than configured readMaxBytes 999");
    const write = await failure(client.upload().send(kilo));
    expect(write.rawMessage).toContain("1000 is larger than configured writeMaxBytes 999");
    const wide = client.download({ number: 1n }, { limits: { readMaxBytes: 1000 } });
    expect(await readAll(wide)).toBe(1);
    await Promise.all([small.idle(), strict.idle(), lab.idle()]);
  });

  it("of a unary call, only messages have limits", async () => {
    const totals = { readStreamMaxBytes: 999, writeStreamMaxBytes: 999 };
    const echo: Pick<LabServiceHandler, "unary"> = { unary: async (request) => request };
    await using lab = await serve(echo, totals);
    const client = dial(lab.url, totals);
    expect((await client.unary(kilo)).payload).toHaveLength(997);
    expect((await client.unary(kilo, { limits: totals })).payload).toHaveLength(997);
    for (const limits of [{ readMaxBytes: 999 }, { writeMaxBytes: 999 }]) {
      const error = await failure(client.unary(kilo, { limits }));
      expect(error.rawMessage).toContain(`1000 is larger than configured ${Object.keys(limits)}`);
    }
    await lab.idle();
  });

  it("nothing is received beyond a limit, though the call is over", async () => {
    await using lab = await serve(download);
    const queues = { receive: { maxMessages: 10 } };
    const call = dial(lab.url, { readStreamMaxBytes: 999 }).download({ number: 2n }, { queues });
    expect((await call.outcome).code).toBeUndefined();
    for (const recv of [call.recv(), call.recv(), call.recv()]) {
      expect((await failure(recv)).code).toBe(Code.ResourceExhausted);
    }
    await lab.idle();
  });
});

it.each([
  [{ readMaxBytes: 0 }, "limits.readMaxBytes must be a whole number from 1 to 4294967295, not 0"],
  [{ writeStreamMaxBytes: 0.5 }, "limits.writeStreamMaxBytes must be a whole number"],
  [{ maxBytes: 1 } as StreamLimits, "limits.maxBytes does not exist: use readMaxBytes"],
])("%o is refused where it is set", async (limits, message) => {
  const transport = ourTransport("http://127.0.0.1:1", grpcOn2);
  expect(() => createLabServiceClient(transport, { limits })).toThrow(RangeError);
  expect(() => createLabServiceClient(transport, { limits })).toThrow(message);
  expect(() => createLabServiceClient(transport).chat({ limits })).toThrow(message);
  await expect(startLab({}, { service: { limits } })).rejects.toThrow(message);
});

async function readAll(stream: AsyncIterable<Note>): Promise<number> {
  let count = 0;
  for await (const _ of stream) count++;
  return count;
}
