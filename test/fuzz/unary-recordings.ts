// SPDX-License-Identifier: Apache-2.0
import { compressionGzip } from "@connectrpc/connect-node";
import { ownTransport } from "../faults/transport.js";
import { createDeclaredServiceClient } from "../support/gen/lab/v1/declared_stream.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import type { Wire } from "../support/wires.js";

/** Whether a call is compressed, and in which format. */
const forms = [
  { useBinaryFormat: true },
  { useBinaryFormat: false },
  { useBinaryFormat: true, sendCompression: compressionGzip, compressMinBytes: 1 },
];

const texts = ["good", "", "fail"];

/** Makes unary calls in all their forms to a server that records them, and does not answer. */
export async function makeUnaryCalls(url: string, wire: Wire): Promise<void> {
  const options = { timeoutMs: 10_000, headers: { "x-lab": "a", "x-lab-bin": "AAEC" } };
  for (const form of forms) {
    using posting = ownTransport(url, wire, form);
    using getting = ownTransport(url, wire, { ...form, useHttpGet: true });
    const requests = texts.map((text) => ({ text, payload: new Uint8Array(50) }));
    const posts = createLabServiceClient(posting.transport);
    const gets = createDeclaredServiceClient(getting.transport);
    await Promise.allSettled([
      ...requests.map((request) => posts.unary(request, options)),
      ...(wire.protocol === "connect" ? requests : []).map((request) =>
        gets.look(request, options),
      ),
    ]);
  }
}
