// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Sections 3 and 4 of the contract as rules over what a call did. */
import { endRules } from "./end-rules.js";
import { messageRules } from "./message-rules.js";
import { overrunRules } from "./overrun-rules.js";
import type { Trace } from "./trace.js";
import { unaryRules } from "./unary-rules.js";

/** What is wrong with a call; empty if nothing is. */
export function violations(trace: Trace): string[] {
  const rules = Object.entries({ ...messageRules, ...endRules, ...overrunRules, ...unaryRules });
  return rules.flatMap(([name, rule]) => {
    const fault = rule(trace);
    return fault === undefined ? [] : [`${name}: ${fault}`];
  });
}
