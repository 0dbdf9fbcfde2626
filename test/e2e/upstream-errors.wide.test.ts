// SPDX-License-Identifier: Apache-2.0
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  type Interceptor,
} from "@connectrpc/connect";
import { type RunningServer, serve } from "connect-stream/node";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { combinations, grpcJs, isOneOfEach } from "../support/clients/kinds.js";
import type { TestClient } from "../support/clients/test-client.js";
import { connectNodeTransport, ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { LabService, type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
  registerLabService,
} from "../support/gen/lab/v1/lab_stream.js";
import { note } from "../support/note.js";
import { partOf } from "../support/part-of.js";
import { type Wire, wires } from "../support/wires.js";

vi.setConfig({ testTimeout: 20_000 });

const servers: RunningServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.close({ graceMs: 0 }))));

async function start(routes: (router: ConnectRouter) => void, interceptors: Interceptor[] = []) {
  const server = await serve({ routes, interceptors });
  servers.push(server);
  return server.url;
}

/** Downloads send one note, if asked for it, before they fail. */
function failing(error: () => ConnectError): Partial<LabServiceHandler> {
  return {
    async unary() {
      throw error();
    },
    async download({ number }, stream) {
      if (number > 0n) await stream.send({ text: "first" });
      throw error();
    },
  };
}

/** A call of each kind that `failing` knows, up to its error. */
const calls: readonly (readonly [string, (client: TestClient) => Promise<unknown>])[] = [
  ["unary", (client) => client.unary({})],
  ["server streaming", (client) => client.download({}).recv()],
  [
    "server streaming after a message",
    async (client) => {
      const call = client.download({ number: 1n });
      expect(await call.recv()).toMatchObject({ text: "first" });
      return call.recv();
    },
  ],
];

/** Every client, on every protocol and version of HTTP. */
const callers = partOf(combinations, isOneOfEach);

/** Calls `url` with all of them, each kind of RPC. */
async function everyFailure(
  url: string,
  check: (error: ConnectError, what: string, isGrpcJs: boolean) => void,
): Promise<void> {
  for (const { client: kind, wire, name } of callers) {
    const client = kind.create(url, wire);
    for (const [rpc, make] of calls) {
      const what = `${name}, ${rpc}`;
      check(await failure(make(client)), what, kind === grpcJs);
    }
    client.close();
  }
}

/** Ways to pass on what a server at `url` answers. */
const proxies: Record<string, (url: string, wire: Wire) => (router: ConnectRouter) => void> = {
  "generated service and client": (url, wire) => {
    const upstream = createLabServiceClient(ourTransport(url, wire));
    return (router) =>
      registerLabService(router, {
        unary: (request) => upstream.unary(request),
        async download(request, stream) {
          for await (const one of upstream.download(request)) await stream.send(one);
        },
      });
  },
  "Connect's service and client": (url, wire) => {
    const upstream = createClient(LabService, connectNodeTransport(url, wire));
    return (router) =>
      router.service(LabService, {
        unary: (request) => upstream.unary(request),
        download: (request) => upstream.download(request),
      });
  },
};

describe.each(wires)("an error of an upstream that speaks $name", (wire) => {
  let upstream: string;

  beforeAll(async () => {
    const error = () =>
      new ConnectError("no such note", Code.NotFound, { "x-hint": "less", "x-raw-bin": "AAEC" }, [
        { desc: NoteSchema, value: note("a detail") },
      ]);
    upstream = await start((router) => registerLabService(router, failing(error)));
  });

  it.each(Object.entries(proxies))("passes through %s as it is", async (_, proxy) => {
    const url = await start(proxy(upstream, wire));
    await everyFailure(url, (error, what, isGrpcJs) => {
      const { code, rawMessage, metadata } = error;
      const told = {
        code,
        rawMessage,
        hint: metadata.get("x-hint"),
        raw: metadata.get("x-raw-bin"),
      };
      const expected = {
        code: Code.NotFound,
        rawMessage: "no such note",
        hint: "less",
        raw: "AAEC",
      };
      expect(told, what).toEqual(expected);
      if (isGrpcJs) return;
      expect(
        error.findDetails(NoteSchema).map(({ text }: Note) => text),
        what,
      ).toEqual(["a detail"]);
    });
  });

  it("passes through interceptors as it is", async () => {
    const client = createLabServiceClient(ourTransport(upstream, wire));
    const askFirst: Interceptor = (next) => async (request) => {
      await client.unary({});
      return next(request);
    };
    const handler = failing(() => new ConnectError("not reached"));
    for (const url of [
      await start((router) => registerLabService(router, handler), [askFirst]),
      await start((router) => registerLabService(router, handler, { interceptors: [askFirst] })),
      await start((router) => router.service(LabService, {}), [askFirst]),
      await start((router) => router.service(LabService, {}, { interceptors: [askFirst] })),
    ]) {
      for (const { client: kind, wire: ours, name } of callers) {
        const caller = kind.create(url, ours);
        const expected = { code: Code.NotFound, rawMessage: "no such note" };
        expect(await failure(caller.unary({})), name).toMatchObject(expected);
        expect(await failure(caller.download({}).recv()), name).toMatchObject(expected);
        caller.close();
      }
    }
  });
});

/** Both ways to serve `failing(error)`; `told` hears of what goes wrong on the server. */
const services: Record<
  string,
  (error: () => ConnectError, told: (error: unknown) => void) => (router: ConnectRouter) => void
> = {
  "a generated service": (error, onError) => (router) =>
    registerLabService(router, failing(error), { onError }),
  "Connect's service": (error) => (router) =>
    router.service(LabService, {
      async unary() {
        throw error();
      },
      async *download({ number }) {
        if (number > 0n) yield { text: "first" };
        throw error();
      },
    }),
};

const protocolFields = [
  "accept-encoding",
  "accept-post",
  "connection",
  "connect-accept-encoding",
  "connect-content-encoding",
  "connect-protocol-version",
  "connect-timeout-ms",
  "content-encoding",
  "content-length",
  "content-type",
  "date",
  "grpc-accept-encoding",
  "grpc-encoding",
  "grpc-message",
  "grpc-previous-rpc-attempts",
  "grpc-status",
  "grpc-status-details-bin",
  "grpc-timeout",
  "host",
  "http2-settings",
  "keep-alive",
  "proxy-authenticate",
  "proxy-connection",
  "te",
  "trailer",
  "trailer-x-other",
  "transfer-encoding",
  "upgrade",
];

/** What an error may have that cannot be sent, and whether the server is told of it. */
const unsendable: readonly (readonly [string, () => ConnectError, Code, string, boolean])[] = [
  [
    "a control character in its metadata",
    () => errorWith({ metadata: { "x-bad": "a\u0001b" } }),
    Code.NotFound,
    "text",
    true,
  ],
  [
    "a lone surrogate in its text",
    () => errorWith({ text: "te\ud800xt" }),
    Code.NotFound,
    "te\ufffdxt",
    false,
  ],
  [
    "a detail that cannot be encoded",
    () => errorWith({ details: [{ desc: NoteSchema, value: { number: "much" as never } }] }),
    Code.NotFound,
    "text",
    true,
  ],
  [
    "a detail without bytes",
    () => errorWith({ details: [{ type: "lab.v1.Note", value: undefined as never }] }),
    Code.NotFound,
    "text",
    true,
  ],
  ["the code of success", () => errorWith({ code: 0 as Code }), Code.Unknown, "text", false],
  [
    "a code that does not exist",
    () => errorWith({ code: 99 as Code }),
    Code.Unknown,
    "text",
    false,
  ],
];

function errorWith({
  text = "text",
  code = Code.NotFound,
  metadata = {},
  details = [],
}: {
  text?: string;
  code?: Code;
  metadata?: Record<string, string>;
  details?: ConnectError["details"];
}): ConnectError {
  const error = new ConnectError(text, code, { "x-good": "yes", ...metadata });
  error.details = details;
  return error;
}

describe.each(Object.entries(services))("an error of %s", (name, serviceOf) => {
  it("takes no field of HTTP and of protocols along", async () => {
    const metadata = Object.fromEntries(protocolFields.map((field) => [field, "poison"]));
    const error = () =>
      new ConnectError("text", Code.Aborted, { ...metadata, "grpc-retry-pushback-ms": "7" });
    const url = await start(serviceOf(error, () => undefined));
    await everyFailure(url, ({ code, rawMessage, metadata: got }, what) => {
      expect({ code, rawMessage }, what).toEqual({ code: Code.Aborted, rawMessage: "text" });
      expect(
        [...got].filter(([, value]) => value.includes("poison")),
        what,
      ).toEqual([]);
      expect(got.get("grpc-retry-pushback-ms"), what).toBe("7");
    });
  });

  it.each(unsendable)("arrives without %s", async (_, error, code, text, isFault) => {
    const printed = vi.spyOn(console, "error").mockReturnValue(undefined);
    const told = vi.fn();
    try {
      const url = await start(serviceOf(error, told));
      await everyFailure(url, ({ code: got, rawMessage, metadata }, what) => {
        expect({ code: got, rawMessage }, what).toEqual({ code, rawMessage: text });
        expect(metadata.get("x-good"), what).toBe("yes");
      });
      const faults = name === "Connect's service" ? printed : told;
      const many = isFault ? callers.length * calls.length : 0;
      expect(faults).toHaveBeenCalledTimes(many);
    } finally {
      printed.mockRestore();
    }
  });
});
