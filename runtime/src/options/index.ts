// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation The declarations of options, for the generator: the schema's rules and the
 * comments of generated code come from them. Not for other packages: it may change with any release.
 */
export {
  type Declared,
  type Group,
  hasEffect,
  isGroup,
  type Scope,
  type Settings,
  type Side,
} from "./declare.js";
export { nearest } from "./option-names.js";
export { schemaPolicy } from "./schema-policy.js";
export { isInRange, type Range, rangeText } from "./settings.js";
export { milliseconds } from "./timeouts.js";
export { type TimeLimitDoc, timeLimitDocs } from "./timeouts-doc.js";
