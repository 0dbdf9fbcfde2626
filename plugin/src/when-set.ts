// SPDX-License-Identifier: Apache-2.0

/** What an option that may not be there is good for: nothing if it is not. */
export function whenSet<T, R>(option: T | undefined, use: (option: T) => R[]): R[] {
  return option === undefined ? [] : use(option);
}
