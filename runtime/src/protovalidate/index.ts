// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Validation by protovalidate, for services and clients of either side. */
export { createValidation, type ValidationOptions } from "./validation.js";
