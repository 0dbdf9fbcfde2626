// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation What docs/beside-connect-es.md, docs/adapters.md and docs/streams.md say of
 * Connect-ES, on its own adapter. Where its versions differ, each case says what each of them does.
 */
import * as http from "node:http";
import * as http2 from "node:http2";
import { Readable } from "node:stream";
import {
  Code,
  ConnectError,
  type ConnectRouter,
  createClient,
  type ServiceImpl,
} from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { connectNodeTransport } from "../support/clients/transports.js";
import { isConnect } from "../support/connect-version.js";
import { failure, gate, turn } from "../support/gate.js";
import { LabService, type Note } from "../support/gen/lab/v1/lab_pb.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, serveLab } from "../support/lab.js";
import { bulk, note } from "../support/note.js";
import { noteEnvelope } from "../support/raw.js";
import { connectOn1, connectOn2, grpcOn2, type Wire } from "../support/wires.js";

const never = new Promise<never>(() => undefined);

/** A service of Connect's own, on its adapter, with its client. */
async function plain({ http }: Wire, service: Partial<ServiceImpl<typeof LabService>>) {
  return serve(http, (router) => router.service(LabService, service));
}

function serve(version: Wire["http"], routes: (router: ConnectRouter) => unknown): Promise<Lab> {
  return serveLab(connectNodeAdapter({ routes: (router) => void routes(router) }), version);
}

const clientOf = (lab: Lab, wire: Wire) =>
  createClient(LabService, connectNodeTransport(lab.url, wire));

/** Long enough for what is on its way in this process to arrive. */
async function quiet(lab: Lab, wire: Wire): Promise<void> {
  await clientOf(lab, wire).unary({});
  for (let i = 0; i < 20; i++) await turn();
}

const unary = async () => note("");

describe.each([connectOn1, connectOn2, grpcOn2])("why: $name", (wire) => {
  it("a handler that waits when its client cancels stays where it is", async () => {
    const aborted = gate();
    let cleaned = false;
    await using lab = await plain(wire, {
      unary,
      async *download(_request, { signal }) {
        signal.addEventListener("abort", () => aborted.resolve());
        try {
          yield note("first");
          await never;
        } finally {
          cleaned = true;
        }
      },
    });
    const controller = new AbortController();
    const stream = clientOf(lab, wire).download({}, { signal: controller.signal });
    const messages = stream[Symbol.asyncIterator]();
    await messages.next();
    const next = failure(messages.next());
    controller.abort();
    expect((await next).code).toBe(Code.Canceled);
    await aborted.promise;
    await quiet(lab, wire);
    expect(cleaned).toBe(false);
  });

  it("`break` cancels the call from Connect 2.3 on, and not before", async () => {
    const ended = gate();
    const tick = gate();
    let aborted = false;
    let left = false;
    await using lab = await plain(wire, {
      unary,
      async *download(_request, { signal }) {
        signal.addEventListener("abort", () => {
          aborted = true;
          ended.resolve();
        });
        for (let i = 0; !aborted; i++) {
          yield note("a message");
          await turn();
          if (left && i > 100) tick.resolve();
        }
      },
    });
    for await (const _ of clientOf(lab, wire).download({})) break;
    left = true;
    if (isConnect("2.3")) await ended.promise;
    else await tick.promise;
    expect(aborted).toBe(isConnect("2.3"));
  });
});

it.each([connectOn2, grpcOn2])(
  "why: $name: an upload that is aborted looks complete",
  async (wire) => {
    const ended = gate<string>();
    await using lab = await plain(wire, {
      async upload(messages) {
        try {
          for await (const _ of messages) controller.abort();
          ended.resolve("complete");
          return note("");
        } catch (error) {
          ended.resolve(`failed: ${error}`);
          throw error;
        }
      },
    });
    const controller = new AbortController();
    async function* half(): AsyncIterable<Note> {
      yield note("half of it");
      await never;
    }
    const error = await failure(clientOf(lab, wire).upload(half(), { signal: controller.signal }));
    expect(error.code).toBe(Code.Canceled);
    expect(await ended.promise).toBe("complete");
  },
);

it.each([connectOn1, connectOn2])(
  "a generated handler, $name: sendHeaders waits for a message",
  async (wire) => {
    const asked = gate();
    const go = gate();
    const handler: Partial<LabServiceHandler> = {
      unary,
      async download(_request, stream) {
        stream.sendHeaders();
        asked.resolve();
        await go.promise;
        await stream.send({});
      },
    };
    await using lab = await serve(wire.http, (router) => registerLabService(router, handler));
    let headers = 0;
    const onHeader = () => headers++;
    const messages = clientOf(lab, wire).download({}, { onHeader })[Symbol.asyncIterator]();
    const first = messages.next();
    await asked.promise;
    await quiet(lab, wire);
    expect(headers).toBe(0);
    go.resolve();
    expect((await first).done).toBe(false);
    expect(headers).toBe(1);
    expect((await messages.next()).done).toBe(true);
  },
);

it("a generated handler reads messages of more than 4 MiB by default", async () => {
  const routes = (router: ConnectRouter) =>
    registerLabService(router, {
      upload: async (stream) => {
        const message = await stream.recv();
        await stream.sendAndClose({ number: BigInt(message?.payload.length ?? 0) });
      },
    });
  await using lab = await serve("2", routes);
  const large = bulk(4 * 1024 * 1024 + 1);
  const answer = await clientOf(lab, connectOn2).upload(Readable.from([large]));
  expect(answer.number).toBe(BigInt(large.payload.length));
});

/** Handlers of uploads that end before their client has sent everything. */
const early: readonly [string, NonNullable<LabServiceHandler["upload"]>][] = [
  [
    "returns",
    async (stream) => {
      await stream.recv();
      await stream.sendAndClose({ text: "early" });
    },
  ],
  [
    "throws",
    async (stream) => {
      await stream.recv();
      throw new ConnectError("early", Code.FailedPrecondition);
    },
  ],
];

const headers = { "content-type": "application/connect+proto" };
const path = "/lab.v1.LabService/Upload";

describe.each(early)("a generated handler that %s early", (_, upload) => {
  const routes = (router: ConnectRouter) => registerLabService(router, { upload, unary });

  it("leaves the HTTP/2 stream open before Connect 2.3, and closes it since", async () => {
    await using lab = await serve("2", routes);
    const session = http2.connect(lab.url).on("error", () => undefined);
    const request = session.request({ ":method": "POST", ":path": path, ...headers });
    const closed = new Promise<void>((resolve) => request.on("close", resolve));
    request.write(noteEnvelope());
    const answered = new Promise<void>((resolve) => request.on("end", resolve));
    request.resume();
    await answered;
    if (isConnect("2.3")) {
      await closed;
      expect(request.rstCode).toBe(http2.constants.NGHTTP2_NO_ERROR);
    } else {
      await quiet(lab, connectOn2);
      expect(request.closed).toBe(false);
      request.end();
      await closed;
    }
    session.destroy();
  });

  function post(lab: Lab): { request: http.ClientRequest; answer: Promise<string> } {
    const options = { method: "POST", path, headers, port: lab.port, host: "127.0.0.1" };
    const request = http.request(options).on("error", () => undefined);
    const answer = new Promise<string>((resolve) => {
      request.on("response", async (response) => resolve(await bodyOf(response)));
    });
    request.write(noteEnvelope());
    return { request, answer };
  }

  it("answers over HTTP/1.1 at once before Connect 2.3, and since when the request ends", async () => {
    await using lab = await serve("1.1", routes);
    const { request, answer } = post(lab);
    if (isConnect("2.3")) {
      let answered = false;
      void answer.then(() => {
        answered = true;
      });
      await quiet(lab, connectOn1);
      expect(answered).toBe(false);
      request.end();
    }
    expect(await answer).toContain("early");
    request.destroy();
  });

  it("answers over HTTP/1.1 when 256 KiB of the rest have come", async () => {
    await using lab = await serve("1.1", routes);
    const { request, answer } = post(lab);
    for (let i = 0; i < 32; i++) request.write(noteEnvelope(bulk(16 * 1024, i)));
    expect(await answer).toContain("early");
    request.destroy();
  });
});

async function bodyOf(response: http.IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of response) text += chunk;
  return text;
}
