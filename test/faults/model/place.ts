// SPDX-License-Identifier: Apache-2.0
import { Random } from "../../fuzz/random.js";
import type { Numbered, Received } from "./trace.js";

const noise = new Random(1).bytes(200_000);

/** What the messages of all streams have. */
export type Place = Received;

/** A message that knows its place. */
export function place({ number, bytes }: Numbered): Place {
  return { number: BigInt(number), payload: noise.subarray(0, bytes) };
}
