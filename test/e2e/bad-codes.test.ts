// SPDX-License-Identifier: Apache-2.0
// Errors with a code that is none: they are failures, whoever throws them.
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all, type TestClient } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { type LabOptions, startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

/** What JavaScript can put there. */
const codes: readonly unknown[] = [0, 17, -1, 2.5, Number.NaN, Number.POSITIVE_INFINITY];
const others: readonly unknown[] = [
  "5",
  "NotFound",
  "not_found",
  "",
  undefined,
  null,
  {},
  5n,
  true,
];

const bad = (code: unknown): ConnectError =>
  Object.assign(new ConnectError("the text", Code.NotFound, { "x-note": "kept" }), { code });

/** Who throws it. */
const throwers: readonly (readonly [string, (error: ConnectError) => LabOptions])[] = [
  ["a handler", () => ({})],
  ["a handler on Connect's adapter", () => ({ listener: connectNodeAdapter })],
  ["an interceptor", (error) => ({ adapter: { interceptors: [throwing(error)] } })],
];

function throwing(error: ConnectError): Interceptor {
  return () => async () => {
    throw error;
  };
}

describe.each(throwers)("thrown by %s", (_, optionsFor) => {
  describeEach(
    ({ wire, client }) => {
      it.each([...codes, ...others])("%o is unknown", async (code) => {
        const error = bad(code);
        const fail = async () => {
          throw error;
        };
        const handler = { unary: fail, download: fail, upload: fail, chat: fail };
        await using lab = await startLab(handler, { http: wire.http, ...optionsFor(error) });
        const calls = callsOf(client.create(lab.url, wire), wire.http === "2");
        for (const error of await Promise.all(calls.map(failure))) {
          const { code, rawMessage, metadata } = error;
          expect(code).toBe(Code.Unknown);
          expect(rawMessage).toBe("the text");
          expect(metadata.get("x-note")).toBe("kept");
        }
      });
    },
    ({ client, wire }) => client.name === "generated client" || wire.name === "gRPC, HTTP/2",
  );
});

describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
  it.each([...codes, ...others])("%o of a shutdown is unknown, too", async (code) => {
    const shutdown = new AbortController();
    const started = gate();
    const download = () => {
      started.resolve();
      return new Promise<void>(() => undefined);
    };
    await using lab = await startLab(
      { download },
      { http: wire.http, adapter: { shutdownSignal: shutdown.signal }, service: { overrunMs: 0 } },
    );
    const call = failure(createLabServiceClient(ourTransport(lab.url, wire)).download({}).recv());
    await started.promise;
    shutdown.abort(Object.assign(bad(code), { rawMessage: "cut \ud83d" }));
    expect(await call).toMatchObject({ code: Code.Unknown, rawMessage: "cut \ufffd" });
  });
});

function callsOf(client: TestClient, fullDuplex: boolean): Promise<unknown>[] {
  const calls = [client.unary({}), all(client.download({})), all(client.upload())];
  return fullDuplex ? [...calls, all(client.chat())] : calls;
}
