// SPDX-License-Identifier: Apache-2.0

/**
 * An object of each kind that calls are made of. When a full garbage collection finds no object of a shape,
 * V8 forgets that shape and throws away the code that it has optimized for it. Where calls come one at a
 * time, or messages are large, the code would be slow again after each collection: by two to three times.
 */
const examples = new WeakMap<object, object>();

/** Keeps `example`, with what it refers to, until there is another one of its kind. Returns it. */
export function keepShape<T extends object>(example: T, kind: object = example.constructor): T {
  examples.set(kind, example);
  return example;
}
