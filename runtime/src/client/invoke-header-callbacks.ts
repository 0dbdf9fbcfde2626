// SPDX-License-Identifier: Apache-2.0
import type { CallOptions } from "@connectrpc/connect";

/** Calls Connect's callbacks of a unary call. Fails if one throws, or is async and rejects. */
export async function invokeHeaderCallbacks(
  { onHeader, onTrailer }: CallOptions,
  header: Headers | undefined,
  trailer: Headers | undefined,
): Promise<void> {
  await Promise.all([header && onHeader?.(header), trailer && onTrailer?.(trailer)]);
}
