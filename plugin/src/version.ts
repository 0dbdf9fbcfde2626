// SPDX-License-Identifier: Apache-2.0

/**
 * The version in package.json, as a constant: the generator reads no files. A test keeps the two
 * equal.
 */
export const version = "0.1.0";
