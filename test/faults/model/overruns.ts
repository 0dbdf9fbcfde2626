// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Handlers that go on after the end of their call, and who is told. */
import fc from "fast-check";

/** What a service says of handlers that go on, and whether this one does. */
export interface OverrunTraits {
  /** `overrunMs` of the service. */
  readonly ms: number;
  /** The handler ends only some time after somebody has been told that it goes on. */
  readonly stuck: boolean;
}

/** `undefined`: the service says nothing, so nobody is told before 30 seconds are over. */
export const overrunTraits: fc.Arbitrary<OverrunTraits | undefined> = fc.oneof(
  { weight: 2, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.constant({ ms: 0, stuck: false }) },
  { weight: 3, arbitrary: fc.record({ ms: fc.constantFrom(1, 4), stuck: fc.boolean() }) },
);

/** Somebody was told. */
export interface OverrunTold {
  readonly by: "onError" | "onOverrun";
  readonly at: number;
  /** What `onError` was given. */
  readonly error: Error | undefined;
  /** What an observer was given. */
  readonly ms: number | undefined;
  /** What an observer may wait for has come. */
  ended: boolean;
}

/** Whether `onError` is told of a handler that goes on. */
export function isOverrun(error: unknown): error is Error {
  return error instanceof Error && error.message.includes(" after the end of its call: ");
}
