// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Name and version as in package.json, as constants: the generator reads no
 * files. A test keeps them equal.
 */

/** The name of the program. */
export const name = "protoc-gen-connect-stream";

/** Its version, as it shows it. */
export const version = "v0.1.0";
