// SPDX-License-Identifier: Apache-2.0
// A unary handler may answer at once, and fail at once.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import {
  type NodeListener,
  type StreamNodeAdapterOptions,
  streamNodeAdapter,
} from "connect-stream/node";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

const handler: Partial<LabServiceHandler> = {
  unary({ text }) {
    if (text === "fail") throw new ConnectError("at once", Code.NotFound);
    if (text === "break") throw new TypeError("a secret");
    return { text: text.toUpperCase() };
  },
};

const pass: Interceptor = (next) => (request) => next(request);

const hosts: [string, (options: StreamNodeAdapterOptions) => NodeListener, Interceptor[]][] = [
  ["streamNodeAdapter", streamNodeAdapter, []],
  ["streamNodeAdapter, with interceptors", streamNodeAdapter, [pass]],
  ["connectNodeAdapter", connectNodeAdapter, []],
];

describe.each(wires)("$name", (wire) => {
  it.each(hosts)("%s", async (_, listener, interceptors) => {
    const errors: unknown[] = [];
    const service = { onError: (error: unknown) => errors.push(error) };
    const adapter = { interceptors };
    await using lab = await startLab(handler, { http: wire.http, listener, service, adapter });
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    expect((await client.unary({ text: "a" })).text).toBe("A");
    expect((await failure(client.unary({ text: "fail" }))).code).toBe(Code.NotFound);
    expect(await failure(client.unary({ text: "break" }))).toMatchObject({ code: Code.Internal });
    expect(errors).toEqual([new TypeError("a secret")]);
  });
});
