// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import {
  type ClientCompatRequest,
  ClientCompatRequestSchema,
  ClientCompatResponseSchema,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/client_compat_pb.js";
import { readMessages, writeMessage } from "./frames.js";
import { invoke } from "./invoke.js";

/**
 * Calls to have open at a time; the program's argument. Many have delays in them, so it takes some to
 * keep the machine busy; with too many, its delays show up as failures of calls with deadlines.
 */
const maxOpenCalls = Number(process.argv[2]);
if (!(maxOpenCalls > 0)) throw new Error("usage: client MAX_OPEN_CALLS");

async function answer(request: ClientCompatRequest): Promise<void> {
  const { testName } = request;
  let result: MessageInitShape<typeof ClientCompatResponseSchema>["result"];
  try {
    result = { case: "response", value: await invoke(request) };
  } catch (error) {
    const text = error instanceof Error ? error.stack : String(error);
    result = { case: "error", value: { message: text ?? "" } };
  }
  const response = create(ClientCompatResponseSchema, {
    testName,
    result: result ?? { case: undefined },
  });
  await writeMessage(ClientCompatResponseSchema, response);
}

process.on("SIGTERM", () => process.exit());

const open = new Set<Promise<void>>();
for await (const request of readMessages(ClientCompatRequestSchema)) {
  const call = answer(request).finally(() => open.delete(call));
  open.add(call);
  if (open.size >= maxOpenCalls) await Promise.race(open);
}
await Promise.all(open);
// Idle connections would keep the process alive.
process.exit();
