// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation What generated code calls in a bundle that is built with the condition
 * `connect-stream-lite`: the same, but clients without the code of options.
 */
export { Code } from "@connectrpc/connect";
export { createServiceErrors } from "./errors.js";
export { createPlainServiceClient, createServiceClient } from "./lite-client.js";
export { registerService } from "./register.js";
