// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What tracer and meter are known by. A test keeps them equal to package.json's. */

/** Name of this package. */
export const SCOPE = "connect-stream";

/** The version of the semantic conventions: that of `@opentelemetry/semantic-conventions`. */
export const SCHEMA_URL = "https://opentelemetry.io/schemas/1.45.0";
