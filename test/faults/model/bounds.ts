// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The queues that calls have, and what their bounds say. */
import type { QueueBounds, QueueFill, StreamQueues, WhenFull } from "connect-stream";
import fc from "fast-check";

/** Bytes that a message may have beside its payload. */
const FRAME_BYTES = 32;

/** What `maxBytes` is where nothing is set. */
const DEFAULT_BYTES = 64 * 1024;

const policies: readonly WhenFull[] = ["wait", "fail", "drop-oldest"];

/** Small, so that a few messages fill them. */
const sizes: readonly QueueBounds[] = [
  { maxMessages: 1 },
  { maxMessages: 3 },
  { maxBytes: 100 },
  { maxMessages: 2, maxBytes: 30_000 },
];

const choices = sizes.flatMap((size) => policies.map((whenFull) => ({ ...size, whenFull })));

const maybe = fc.option(fc.constantFrom<QueueBounds>(...choices), { nil: undefined });

/** The queues of one side. */
export const anyQueues: fc.Arbitrary<StreamQueues> = fc.record({ send: maybe, receive: maybe });

/** A message that counts for a queue. */
export interface Counted {
  readonly bytes: number;
}

/** Whether a queue may hold more than it should, if all `messages` wait in it. */
export function mayOverflow(
  bounds: QueueBounds | undefined,
  messages: readonly Counted[],
): boolean {
  return bounds?.whenFull === "fail" && !fits(bounds, messages, FRAME_BYTES);
}

/** Whether all `messages` have a place at once, each with so many bytes beside its payload. */
export function fits(bounds: QueueBounds, messages: readonly Counted[], frame = 0): boolean {
  const held = messages.reduce((sum, { bytes }) => sum + bytes + frame, 0);
  return holds(bounds, { messages: messages.length, bytes: held });
}

/** Whether a queue of these bounds may be as full as that. */
export function holds(
  bounds: QueueBounds,
  { messages, bytes }: Omit<QueueFill, "dropped">,
): boolean {
  const { maxMessages, maxBytes } = limits(bounds);
  return messages <= 1 || (messages <= maxMessages && bytes <= maxBytes);
}

/** Whether there is no room for a message of so many bytes beside what waits. */
export function mayRefuse(bounds: QueueBounds, waiting: QueueFill, bytes: number): boolean {
  const more = waiting.bytes + bytes + FRAME_BYTES;
  return waiting.messages > 0 && !holds(bounds, { messages: waiting.messages + 1, bytes: more });
}

/** How many of the newest messages a queue never drops. */
export function kept(bounds: QueueBounds | undefined): number {
  if (bounds?.whenFull !== "drop-oldest") return Number.POSITIVE_INFINITY;
  return bounds.maxBytes === undefined ? limits(bounds).maxMessages : 1;
}

function limits({ maxMessages, maxBytes }: QueueBounds) {
  return {
    maxMessages: maxMessages ?? Number.POSITIVE_INFINITY,
    maxBytes: maxBytes ?? (maxMessages === undefined ? DEFAULT_BYTES : Number.POSITIVE_INFINITY),
  };
}
