// SPDX-License-Identifier: Apache-2.0
import { createRequire } from "node:module";
import { dirname } from "node:path";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import * as grpc from "@grpc/grpc-js";
import { loadSync, type MessageTypeDefinition } from "@grpc/proto-loader";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  findErrorInfo,
  findFieldViolations,
  findRetryDelayMs,
  isTemporary,
  isTimeout,
  RetryInfoSchema,
} from "connect-stream";
import { describe, expect, it } from "vitest";
import { abortError } from "../../runtime/src/call/abort.js";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import {
  createFailingServiceClient,
  type FailingServiceHandler,
  failingServiceErrors,
  registerFailingService,
} from "../support/gen/lab/v1/failing_stream.js";
import { NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { type Lab, type LabOptions, startLab } from "../support/lab.js";
import { grpcOn2, type Wire, wires } from "../support/wires.js";

const { labBusy, labClosed, sensorSlow } = failingServiceErrors;

function serve(handler: Partial<FailingServiceHandler>, options: LabOptions = {}): Promise<Lab> {
  return startLab(
    {},
    { ...options, routes: (router) => void registerFailingService(router, handler) },
  );
}

const settings = [
  ...wires.map((wire) => ({ name: wire.name, wire, options: {}, transport: ourTransport })),
  ...wires.map((wire) => ({
    name: `Connect's adapter and transport, ${wire.name}`,
    wire,
    options: { listener: connectNodeAdapter },
    transport: connectNodeTransport,
  })),
];

describe.each(settings)("$name", ({ wire, options, transport }) => {
  const dial = (url: string, { protocol, http, name }: Wire) =>
    createFailingServiceClient(transport(url, { protocol, http, name }));

  it("a client reads what its handler declared", async () => {
    const handler: Partial<FailingServiceHandler> = {
      async look() {
        throw labBusy();
      },
      async follow(_request, stream) {
        await stream.send({ text: "before it" });
        throw sensorSlow("the thermometer is slow", {
          metadata: { sensor: "thermometer" },
          retryDelayMs: 250,
          details: [{ desc: NoteSchema, value: { text: "a detail" } }],
          cause: new Error("a secret"),
        });
      },
    };
    await using lab = await serve(handler, { ...options, http: wire.http });
    const client = dial(lab.url, wire);

    const busy = await failure(client.look({}));
    expect(busy.code).toBe(Code.ResourceExhausted);
    expect(labBusy.is(busy)).toBe(true);
    expect(labBusy.read(busy)).toEqual({
      reason: "LAB_BUSY",
      metadata: {},
      retryDelayMs: 1500,
      error: busy,
    });
    expect(busy.rawMessage).toBe("the lab is busy");
    expect([isTemporary(busy), isTimeout(busy)]).toEqual([true, false]);

    const stream = client.follow({});
    expect(await stream.recv()).toMatchObject({ text: "before it" });
    const slow = await failure(stream.recv());
    expect(slow.code).toBe(Code.Aborted);
    expect(labBusy.is(slow)).toBe(false);
    expect(labBusy.read(slow)).toBeUndefined();
    expect(sensorSlow.read(slow)).toMatchObject({
      reason: "SENSOR_SLOW",
      metadata: { sensor: "thermometer" },
      retryDelayMs: 250,
    });
    expect(slow.rawMessage).toBe("the thermometer is slow");
    expect(slow.findDetails(NoteSchema)).toMatchObject([{ text: "a detail" }]);
    expect([isTemporary(slow), isTimeout(slow)]).toEqual([true, true]);
    expect((await stream.outcome).error).toBe(slow);
    await lab.idle();
  });
});

it("anything else stays hidden", async () => {
  const look = async () => {
    throw new Error("a secret");
  };
  const silent = { onError: () => undefined };
  await using lab = await startLab(
    {},
    { routes: (router) => void registerFailingService(router, { look }, silent) },
  );
  const error = await failure(createFailingServiceClient(ourTransport(lab.url, grpcOn2)).look({}));
  expect(error).toMatchObject({ code: Code.Internal, rawMessage: "internal error", details: [] });
  expect(Object.values(failingServiceErrors).some(({ is }) => is(error))).toBe(false);
});

describe("the error that a handler throws", () => {
  it("has code, text, details and cause", () => {
    const cause = new Error("why");
    const error = labClosed("the lab is closed on Sundays", { metadata: { day: "0" }, cause });
    expect(error).toBeInstanceOf(ConnectError);
    expect(error).toMatchObject({ code: Code.FailedPrecondition, cause });
    expect(error.message).toBe("[failed_precondition] the lab is closed on Sundays");
    const info = { reason: "LAB_CLOSED", domain: "lab.example.com", metadata: { day: "0" } };
    expect(findErrorInfo(error)).toMatchObject(info);
    expect(error.findDetails(RetryInfoSchema)).toEqual([]);
    expect(labClosed.is(error)).toBe(true);
  });

  it("says when to come again, if it is temporary", () => {
    expect(findRetryDelayMs(labBusy())).toBe(1500);
    expect(findRetryDelayMs(labBusy(undefined, { retryDelayMs: 0 }))).toBe(0);
    expect(sensorSlow().findDetails(RetryInfoSchema)).toEqual([]);
    for (const retryDelayMs of [-1, 1.5, Number.NaN, 2 ** 31]) {
      expect(() => labBusy("", { retryDelayMs })).toThrow(
        `LAB_BUSY: retryDelayMs must be a whole number from 0 to 2147483647, not ${retryDelayMs}`,
      );
    }
    // @ts-expect-error it is not temporary
    expect(() => labClosed("", { retryDelayMs: 1 })).toThrow(
      "LAB_CLOSED takes no retryDelayMs: it is not declared temporary",
    );
  });

  it("tells what is declared of it", () => {
    const { reason, domain, code, when } = labBusy;
    expect({ reason, domain, code, when }).toEqual({
      reason: "LAB_BUSY",
      domain: "lab.example.com",
      code: Code.ResourceExhausted,
      when: "the lab is busy",
    });
  });
});

/** An error as another server might send it. */
function foreign(code: Code, reason: string, domain = "lab.example.com"): ConnectError {
  const details = [{ desc: ErrorInfoSchema, value: { reason, domain } }];
  return new ConnectError("", code, undefined, details);
}

describe("a client knows an error", () => {
  it("by reason and domain alone", () => {
    const busy = foreign(Code.Unknown, "LAB_BUSY");
    expect(labBusy.read(busy)).toMatchObject({ reason: "LAB_BUSY", retryDelayMs: undefined });
    expect(isTemporary(busy)).toBe(true);
    expect(labBusy.is(foreign(Code.ResourceExhausted, "LAB_BUSY", "example.com"))).toBe(false);
    expect(labBusy.is(foreign(Code.ResourceExhausted, "LAB_CLOSED"))).toBe(false);
    for (const other of [new ConnectError("", Code.ResourceExhausted), new Error(), "a", null]) {
      expect(labBusy.is(other)).toBe(false);
    }
  });

  it.each([
    [new ConnectError("", Code.Unavailable), true, false],
    [new ConnectError("", Code.DeadlineExceeded), false, true],
    [new ConnectError("unavailable, timed out", Code.Internal), false, false],
    [foreign(Code.Unknown, "SENSOR_SLOW"), true, true],
    [foreign(Code.Unknown, "SENSOR_SLOW", "example.com"), false, false],
    [foreign(Code.Unknown, "LAB_CLOSED"), false, false],
    [foreign(Code.Unknown, "constructor"), false, false],
    [withRetryInfo({}), true, false],
    [withRetryInfo({ retryDelay: { seconds: 1n, nanos: 500_000_000 } }), true, false],
    [AbortSignal.timeout(0), false, false],
    [new DOMException("", "TimeoutError"), false, true],
    [new DOMException("", "AbortError"), false, false],
    [canceledBy(new DOMException("", "TimeoutError")), false, true],
    [canceledBy(new DOMException("", "AbortError")), false, false],
    [undefined, false, false],
  ])("%# is temporary, or a timeout", (error, temporary, timeout) => {
    expect([isTemporary(error), isTimeout(error)]).toEqual([temporary, timeout]);
  });

  it("and reads the standard details of any", () => {
    expect(findRetryDelayMs(withRetryInfo({}))).toBeUndefined();
    expect(findRetryDelayMs(withRetryInfo({ retryDelay: { seconds: 1n, nanos: 5e8 } }))).toBe(1500);
    const value = { fieldViolations: [{ field: "text", description: "too long" }] };
    const details = [{ desc: BadRequestSchema, value }];
    const error = new ConnectError("", Code.InvalidArgument, undefined, details);
    expect(findFieldViolations(error)).toMatchObject(value.fieldViolations);
    for (const other of [new Error(), new ConnectError(""), undefined]) {
      expect(findErrorInfo(other)).toBeUndefined();
      expect(findRetryDelayMs(other)).toBeUndefined();
      expect(findFieldViolations(other)).toEqual([]);
    }
  });
});

/** What a call is ended with by a signal that was aborted for `reason`. */
function canceledBy(reason: DOMException): ConnectError {
  return abortError(AbortSignal.abort(reason));
}

function withRetryInfo(value: MessageInitShape<typeof RetryInfoSchema>): ConnectError {
  return new ConnectError("", Code.Aborted, undefined, [{ desc: RetryInfoSchema, value }]);
}

it("grpc-js reads it, with Google's own definitions", async () => {
  const look = async () => {
    throw labBusy("not now", { metadata: { queue: "7" }, retryDelayMs: 2500 });
  };
  await using lab = await serve({ look });
  const client = new grpc.Client(new URL(lab.url).host, grpc.credentials.createInsecure());
  const asIs = (bytes: Buffer) => bytes;
  const error = await new Promise<grpc.ServiceError | null>((resolve) => {
    const path = "/lab.v1.FailingService/Look";
    client.makeUnaryRequest(path, asIs, asIs, Buffer.alloc(0), resolve);
  });
  client.close();
  expect(error).toMatchObject({ code: grpc.status.RESOURCE_EXHAUSTED, details: "not now" });
  const [bytes] = error?.metadata.get("grpc-status-details-bin") ?? [];
  const status = decode("google.rpc.Status", bytes as Buffer);
  expect(status).toMatchObject({ code: Code.ResourceExhausted, message: "not now" });
  const details = (status.details as { type_url: string; value: Buffer }[]).map(
    ({ type_url, value }) => [type_url, decode(type_url.replace(/^.*\//, ""), value)],
  );
  expect(details).toEqual([
    [
      "type.googleapis.com/google.rpc.ErrorInfo",
      { reason: "LAB_BUSY", domain: "lab.example.com", metadata: { queue: "7" } },
    ],
    [
      "type.googleapis.com/google.rpc.RetryInfo",
      { retry_delay: { seconds: "2", nanos: 500_000_000 } },
    ],
  ]);
});

/** Decodes a message as those do who have Google's `.proto` files and protobuf.js. */
function decode(type: string, bytes: Buffer): Record<string, unknown> {
  const protos = dirname(createRequire(import.meta.url).resolve("google-proto-files/package.json"));
  const types = loadSync(["google/rpc/status.proto", "google/rpc/error_details.proto"], {
    includeDirs: [protos],
    keepCase: true,
    longs: String,
  });
  const { deserialize } = types[type] as MessageTypeDefinition<object, Record<string, unknown>>;
  return deserialize(bytes);
}
