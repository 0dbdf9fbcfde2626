// SPDX-License-Identifier: Apache-2.0

/**
 * Whether tests fail because a peer is missing: where `CI_REQUIRE_PEERS` is 1, but for those that
 * `CI_MISSING_PEERS` names. Elsewhere they are skipped.
 */
export function required(peer: string): boolean {
  const { CI_REQUIRE_PEERS, CI_MISSING_PEERS = "" } = process.env;
  return CI_REQUIRE_PEERS === "1" && !CI_MISSING_PEERS.split(" ").includes(peer);
}
