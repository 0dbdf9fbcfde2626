// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The code generator as a pure function, for tools that run it in memory. */
export { createConnectStreamPlugin } from "./plugin.js";
