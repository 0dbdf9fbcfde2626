// SPDX-License-Identifier: Apache-2.0
import type { HandlerContext } from "@connectrpc/connect";
import type { UniversalHandlerOptions } from "../protocol/connect-internals.js";
import type { RunHandler } from "./server-call.js";

/**
 * Connect's options with `requestGate`, which came with Connect 2.2. Older versions know no such
 * option, in types or at run time, and leave it out of the options that they have validated.
 * https://github.com/connectrpc/connect-es/blob/v2.2.0/packages/connect/src/protocol/universal-handler.ts
 */
export type GatedOptions = UniversalHandlerOptions & {
  readonly requestGate?: ((context: HandlerContext) => void | Promise<void>) | undefined;
};

/** Asks Connect's request gate before handler and interceptors: they run unless it throws. */
export function withRequestGate(run: RunHandler, { requestGate }: GatedOptions): RunHandler {
  if (!requestGate) return run;
  return async (call) => {
    await requestGate(call.context);
    await run(call);
  };
}
