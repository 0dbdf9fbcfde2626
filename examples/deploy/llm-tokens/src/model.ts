// SPDX-License-Identifier: Apache-2.0
import { setTimeout as sleep } from "node:timers/promises";

/** Stands for a model: goes on after `tokens`, and stops when `signal` aborts. */
export async function* model(
  prompt: string,
  tokens: readonly string[],
  signal: AbortSignal,
): AsyncGenerator<string> {
  const answer = `You said ${prompt} and I have ten words for it`.split(" ");
  for (const token of answer.slice(tokens.length)) {
    await sleep(50, undefined, { signal });
    yield token;
  }
}
