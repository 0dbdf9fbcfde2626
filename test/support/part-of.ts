// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Cases of files named `.wide.test.ts`, which run in two parts. */

/** Set by vitest.config.ts. */
const isSlow = process.env.CASES === "others";

/** Of many cases, one of each kind runs in `npm test`, and the others in `npm run test:slow`. */
export function partOf<T>(cases: readonly T[], isOneOfEach: (item: T, at: number) => boolean): T[] {
  return cases.filter((item, at) => isOneOfEach(item, at) !== isSlow);
}
