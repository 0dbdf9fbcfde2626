// SPDX-License-Identifier: Apache-2.0

// Those of now: test runners put others in their place, which move when a test says so.
const { setTimeout, clearTimeout } = globalThis;

/** Default of `PlayOptions.patienceMs`. */
export const PATIENCE_MS: number = 4000;

/** What came of waiting. */
export type Waited<T> = { readonly value: T } | { readonly error: unknown } | "late";

/** Waits for `promise`, but no longer than `ms` milliseconds of real time. */
export async function waitFor<T>(promise: Promise<T>, ms: number): Promise<Waited<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    if (ms === Number.POSITIVE_INFINITY) return;
    timer = setTimeout(resolve, ms, "late");
  });
  const settled = promise.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  const result = await Promise.race([settled, late]);
  clearTimeout(timer);
  return result;
}
