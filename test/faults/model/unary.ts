// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What unary calls have that streams do not. */
import fc from "fast-check";

/** How a unary call is made and served. */
export interface UnaryTraits {
  /** Bytes of the request's payload. */
  readonly bytes: number;
  /** With GET, where the protocol has that: an RPC without side effects. */
  readonly get: boolean;
  readonly json: boolean;
  /** Behind an interceptor of the server. */
  readonly intercepted: boolean;
  /** The client does not keep its deadline, and leaves that to the server. */
  readonly late: boolean;
  /** The handler never looks at its signal: when its call is cut short, it is the last to know. */
  readonly deaf: boolean;
}

/** More than that has no place in a URL. */
const MAX_QUERY_BYTES = 3000;

const bytes = fc.oneof(
  { weight: 8, arbitrary: fc.integer({ min: 0, max: MAX_QUERY_BYTES }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 200_000 }) },
);

export const unaryTraits: fc.Arbitrary<UnaryTraits> = fc.oneof(
  fc.record({
    bytes,
    get: fc.constant(false),
    json: fc.boolean(),
    intercepted: fc.boolean(),
    late: fc.boolean(),
    deaf: fc.boolean(),
  }),
  fc.record({
    bytes: fc.integer({ min: 0, max: MAX_QUERY_BYTES }),
    get: fc.constant(true),
    json: fc.boolean(),
    intercepted: fc.boolean(),
    late: fc.boolean(),
    deaf: fc.boolean(),
  }),
);
