// SPDX-License-Identifier: Apache-2.0

/**
 * Runs `task` in the next turn of the event loop: `setImmediate` where the platform has it;
 * browsers have only timers.
 */
export const nextMacrotask: (task: () => void) => unknown =
  typeof globalThis.setImmediate === "function"
    ? globalThis.setImmediate
    : (task) => setTimeout(task, 0);

/**
 * Runs `task` two turns of the event loop from now. Connect-ES's and grpc-js's clients cancel an
 * upload with an empty DATA frame that ends the stream, and only then a reset: by then the reset
 * has arrived, if there is one.
 */
export function afterTwoMacrotasks(task: () => void): void {
  nextMacrotask(() => nextMacrotask(task));
}
