// SPDX-License-Identifier: Apache-2.0
// Text that is no Unicode, as a string of JavaScript that was cut: it costs a character, and nothing else.
import { Code, ConnectError } from "@connectrpc/connect";
import { ErrorInfoSchema, findErrorInfo } from "connect-stream";
import { describe, expect, it } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all } from "../support/clients/test-client.js";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

const texts: readonly (readonly [string, string])[] = [
  ["cut \ud83d", "cut \ufffd"],
  ["\ude00 rest", "\ufffd rest"],
  ["\ude00\ud83d", "\ufffd\ufffd"],
  ["50% of \ud83d and \u00e9 and \ud83d\ude00", "50% of \ufffd and \u00e9 and \ud83d\ude00"],
];

const domain = "lab.example.com";

function errorOf(text: string): ConnectError {
  const info = { reason: "BUSY", domain, metadata: { text, other: "kept" } };
  const details = [{ desc: ErrorInfoSchema, value: info }];
  return new ConnectError(text, Code.NotFound, { "x-note": "kept" }, details);
}

describeEach(({ wire, client }) => {
  it.each(texts)("an error of %j has its code, and all else", async (text, seen) => {
    const fail = async () => {
      throw errorOf(text);
    };
    const handler = { unary: fail, download: fail, upload: fail, chat: fail };
    await using lab = await startLab(handler, { http: wire.http });
    const { unary, download, upload, chat } = client.create(lab.url, wire);
    const calls = [unary({}), all(download({})), all(upload())];
    if (wire.http === "2") calls.push(all(chat()));
    for (const error of await Promise.all(calls.map(failure))) {
      expect(error.code).toBe(Code.NotFound);
      expect(error.rawMessage).toBe(seen);
      expect(error.metadata.get("x-note")).toBe("kept");
      if (!client.generated) continue;
      const metadata = { text: seen, other: "kept" };
      expect(findErrorInfo(error)).toMatchObject({ reason: "BUSY", domain, metadata });
    }
  });
});

describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
  it.each(texts)("a message with %j arrives, or says what is wrong with it", async (text) => {
    await using lab = await startLab({ unary: async () => ({}) }, { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const sent = await client.unary({ text }).catch((error: unknown) => error);
    if (sent instanceof ConnectError) expect(sent.rawMessage).toContain("lab.v1.Note.text");
  });

  it("a request header with one is named, and nothing is sent", async () => {
    await using lab = await startLab({ unary: async () => ({}) }, { http: wire.http });
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const error = await failure(client.unary({}, { headers: { "x-note": "\ud83d" } }));
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toMatch(/^headers of the call: /);
    expect(lab.served).toBe(0);
  });
});
