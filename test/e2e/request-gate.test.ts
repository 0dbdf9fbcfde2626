// SPDX-License-Identifier: Apache-2.0
// `requestGate` came with Connect 2.2. Before, Connect knows no such option, and refuses no call.
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { generatedClient } from "../support/clients/generated.js";
import { all, type TestClient } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import type { LabServiceHandler } from "../support/gen/lab/v1/lab_stream.js";
import { type LabOptions, startLab } from "../support/lab.js";
import { type Wire, wires } from "../support/wires.js";

const headers = { "x-word": "friend" };

/** Lets in those who know the word. */
const guard = {
  async requestGate({ requestHeader }: HandlerContext): Promise<void> {
    if (requestHeader.get("x-word") === headers["x-word"]) return;
    throw new ConnectError("who are you?", Code.Unauthenticated);
  },
};

/** Notes which RPCs get as far as their handlers. */
function handlerOf(reached: string[]): LabServiceHandler {
  return {
    async unary() {
      reached.push("unary");
      return {};
    },
    async download() {
      reached.push("download");
    },
    async upload(stream) {
      reached.push("upload");
      await stream.sendAndClose({});
    },
    async chat() {
      reached.push("chat");
    },
  };
}

/** A call of each kind of stream that the wire has. */
function streams(
  client: TestClient,
  { http }: Wire,
  options?: { headers: Record<string, string> },
): Promise<unknown>[] {
  const calls = [client.download({}, options), client.upload(options)];
  if (http === "2") calls.push(client.chat(options));
  return calls.map(all);
}

async function codeOf(call: Promise<unknown>): Promise<Code | undefined> {
  const [outcome] = await Promise.allSettled([call]);
  return outcome.status === "rejected" ? ConnectError.from(outcome.reason).code : undefined;
}

const places: readonly (readonly [string, LabOptions])[] = [
  ["adapter", { adapter: { ...guard, interceptors: [] } }],
  ["service", { service: { ...guard, interceptors: [] } }],
];

describe.each(wires)("$name", (wire) => {
  it.each(places)(
    "a request gate of the %s guards streams like unary calls",
    async (_, options) => {
      const reached: string[] = [];
      await using lab = await startLab(handlerOf(reached), { http: wire.http, ...options });
      const client = generatedClient(ourTransport(lab.url, wire));

      const refusal = await codeOf(client.unary({}));
      const codes = await Promise.all(streams(client, wire).map(codeOf));
      expect(new Set(codes)).toEqual(new Set([refusal]));
      expect(reached.length).toBe(refusal === undefined ? codes.length + 1 : 0);

      reached.length = 0;
      await Promise.all([client.unary({}, { headers }), ...streams(client, wire, { headers })]);
      expect(reached.length).toBe(codes.length + 1);
    },
  );
});
