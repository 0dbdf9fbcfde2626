// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the generator knows of a schema, for tools: `connect-stream lint` and `example`. */
export {
  type DescribedMethod,
  type DescribedService,
  describeService,
  type GeneratedName,
} from "./describe.js";
export { lintSchema, type SchemaFault } from "./lint.js";
