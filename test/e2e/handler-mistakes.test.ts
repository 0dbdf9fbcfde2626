// SPDX-License-Identifier: Apache-2.0
// What a server is told of a handler that cannot be meant: when it is registered, or at the call.
import { Code, type ConnectRouter, createConnectRouter } from "@connectrpc/connect";
import { describe, expect, it, vi } from "vitest";
import "../support/process-faults.js";
import { ourTransport } from "../support/clients/transports.js";
import { failure, observed, turn } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2 } from "../support/wires.js";

/** As JavaScript calls it. */
const register = registerLabService as (router: ConnectRouter, handler: unknown) => ConnectRouter;

const helper = () => undefined;
const complete = { unary: helper, download: helper, upload: helper, chat: helper };

class WithHelpers {
  arrow = helper;
  download = helper;
  helper() {}
}

describe("registerXService", () => {
  it.each([
    [undefined, " must be an object with its methods, not undefined"],
    [null, " must be an object with its methods, not null"],
    [5, " must be an object with its methods, not 5"],
    [{ download: 5 }, ": download must be a function, not 5"],
    [{ download: null }, ": download must be a function, not null"],
    [
      { downlaod: helper, unary: helper, upload: helper },
      " has downlaod, which is no RPC, and lacks download, chat: give helpers a place outside",
    ],
    [
      { Download: helper },
      " has Download, which is no RPC, and lacks unary, download, upload, chat",
    ],
  ])("refuses %o", (handler, message) => {
    const refused = () => register(createConnectRouter(), handler);
    expect(refused).toThrow(TypeError);
    expect(refused).toThrow(`the handler of lab.v1.LabService${message}`);
  });

  it.each([
    ["an RPC that is left out on purpose", { download: undefined }],
    ["nothing", {}],
    ["data beside methods", { download: helper, calls: 0 }],
    ["helpers beside all RPCs, or the RPCs of another service", { ...complete, helper }],
    ["helpers of a class", new WithHelpers()],
    ["helpers of what a class inherits", new (class extends WithHelpers {})()],
    ["helpers of an object with a prototype of its own", Object.create({ helper, unary: helper })],
    ["the exports of a module", Object.assign(Object.create(null), { helper, unary: helper })],
  ])("accepts %s", (_, handler) => {
    expect(() => register(createConnectRouter(), handler)).not.toThrow();
  });
});

/** Serves `handler`, and makes its call; gives what the client and what the server was told. */
async function told(
  handler: object,
  call: (client: ReturnType<typeof createLabServiceClient>) => Promise<unknown>,
) {
  const errors: unknown[] = [];
  const names: string[] = [];
  await using lab = await startLab(handler as Partial<LabServiceHandler>, {
    service: {
      onError(error, { method }) {
        errors.push(error);
        names.push(method.name);
      },
    },
  });
  const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
  const result = await call(client).catch((error: unknown) => error);
  await lab.idle();
  return { result, errors, names };
}

const generators = {
  async *download() {
    yield { text: "never" };
  },
  *chat() {
    yield { text: "never" };
  },
  async *upload() {
    yield { text: "never" };
  },
};

it.each([
  ["Download", "stream.send", "download"],
  ["Chat", "stream.send", "chat"],
  ["Upload", "stream.sendAndClose", "upload"],
] as const)("a handler of %s that is a generator is told to use %s", async (name, what, kind) => {
  const { result, errors, names } = await told(generators, (client) => {
    if (kind === "download") return client.download({}).recv();
    return kind === "chat" ? client.chat().recv() : client.upload().closeAndRecv();
  });
  const message = `the handler of lab.v1.LabService.${name} returned an iterable, as generators do, which nobody reads: use ${what}`;
  expect(result).toMatchObject({ code: Code.Internal, rawMessage: message });
  expect(errors).toEqual([expect.objectContaining({ rawMessage: message })]);
  expect(names).toEqual([name]);
});

it("without onError it is printed", async () => {
  const printed = vi.spyOn(console, "error").mockReturnValue(undefined);
  try {
    const handler: object = generators;
    await using lab = await startLab(handler as Partial<LabServiceHandler>);
    const client = createLabServiceClient(ourTransport(lab.url, grpcOn2));
    expect((await failure(client.download({}).recv())).code).toBe(Code.Internal);
    expect(printed).toHaveBeenCalledTimes(1);
    expect(String(printed.mock.calls[0])).toContain("use stream.send");
  } finally {
    printed.mockRestore();
  }
});

it("a handler may return a list, as Promise.all does", async () => {
  const { result, errors } = await told(
    {
      chat: (stream: Parameters<LabServiceHandler["chat"]>[0]) =>
        Promise.all([stream.send({ text: "a" }), stream.send({ text: "b" })]),
    },
    (client) => client.chat().recv(),
  );
  expect(result).toMatchObject({ text: "a" });
  expect(errors).toEqual([]);
});

type Upload = LabServiceHandler["upload"];

describe("sendAndClose", () => {
  const send = async (upload: Upload) =>
    told({ upload }, (client) => client.upload().closeAndRecv());

  it("is missing: both sides are told", async () => {
    const { result, errors, names } = await send(async () => undefined);
    const rawMessage = "the handler of lab.v1.LabService.Upload returned without sendAndClose";
    expect(result).toMatchObject({ code: Code.Internal, rawMessage });
    expect(errors).toEqual([expect.objectContaining({ rawMessage })]);
    expect(names).toEqual(["Upload"]);
  });

  const twice = "the handler of lab.v1.LabService.Upload called sendAndClose twice";

  it("is called twice, and awaited: both sides are told, once", async () => {
    const { result, errors } = await send(async (stream) => {
      await stream.sendAndClose({});
      await stream.sendAndClose({});
    });
    expect(result).toMatchObject({ code: Code.Internal, rawMessage: twice });
    expect(errors).toEqual([expect.objectContaining({ rawMessage: twice })]);
  });

  it("is called twice, and not awaited: the server is told", async () => {
    const { result, errors } = await send(async (stream) => {
      await stream.sendAndClose({ text: "first" });
      void stream.sendAndClose({ text: "second" });
    });
    expect(result).toMatchObject({ text: "first" });
    expect(errors).toEqual([expect.objectContaining({ rawMessage: twice })]);
  });

  it("is missing because the client has gone: that is no mistake", async () => {
    const { handler, ended } = observed(async (stream: Parameters<Upload>[0]) => {
      stream.sendHeaders();
      await stream.recv().catch(() => undefined);
    });
    const { errors } = await told({ upload: handler }, async (client) => {
      const upload = client.upload();
      await upload.header;
      upload.close();
      await ended;
      await turn();
    });
    expect(errors).toEqual([]);
  });
});
