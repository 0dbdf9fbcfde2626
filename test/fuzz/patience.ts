// SPDX-License-Identifier: Apache-2.0

/** How long a case may take before it counts as hung, in milliseconds: generous, as machines are busy. */
export const PATIENCE_MS = 8000;

/** What `promise` resolves to. Rejects, and names `what`, if that takes too long. */
export async function soon<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
