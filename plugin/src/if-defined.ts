// SPDX-License-Identifier: Apache-2.0

/** `use(option)`, or nothing if the option is not set. */
export function ifDefined<T, R>(option: T | undefined, use: (option: T) => R[]): R[] {
  return option === undefined ? [] : use(option);
}
