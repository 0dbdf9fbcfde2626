// SPDX-License-Identifier: Apache-2.0
import type { MemoryCall } from "./memory-call.js";
import type { Step } from "./script-runner.js";

const words: Readonly<Record<string, (call: MemoryCall) => unknown>> = {
  closeSend: (call) => call.closeSend(),
  quiet: (call) => call.quiet(),
  cancel: (call) => call.cancel(),
  disconnect: (call) => call.disconnect(),
  expire: (call) => call.expire(),
  pause: (call) => call.pause(),
  resume: (call) => call.resume(),
};

/** Does what a step of `TestCall.play` says. */
export function act(call: MemoryCall, step: Step): unknown {
  if (typeof step === "object") {
    if ("send" in step) return call.send(Object(step.send));
    if ("advance" in step) return call.advance(Number(step.advance));
  } else if (Object.hasOwn(words, step)) {
    return words[step]?.(call);
  }
  throw unknownStep(step, ["recv", "fails", "send", "advance", "end", ...Object.keys(words)]);
}

/** The error of a step that does not exist. */
export function unknownStep(step: Step, known: readonly string[]): TypeError {
  return new TypeError(`unknown step: ${JSON.stringify(step)}; use ${known.join(", ")}`);
}
