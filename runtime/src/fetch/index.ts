// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Streams on hosts that take a `Request` and give a `Response`. */

export { compressionGzip } from "./compression.js";
export {
  createFetchHandler,
  type FetchHandler,
  type FetchHandlerOptions,
} from "./fetch-handler.js";
