// SPDX-License-Identifier: Apache-2.0

/**
 * The request header of a repeated call: how many attempts there were before.
 * https://github.com/grpc/proposal/blob/master/A6-client-retries.md
 */
export const PREVIOUS_ATTEMPTS = "grpc-previous-rpc-attempts";

/** Which attempt a call is, by that header: 1 for the first. */
export function attemptOf(previous: string | null | undefined): number {
  return previous && /^\d{1,6}$/.test(previous) ? Number(previous) + 1 : 1;
}
