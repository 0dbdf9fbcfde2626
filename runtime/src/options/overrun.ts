// SPDX-License-Identifier: Apache-2.0
import { type NumberSetting, wholeFrom } from "./declare.js";
import { MAX_TIMER_MS } from "./timeouts.js";

/** Long enough to finish what should not be cut in the middle, short enough to find leaks in a day. */
export const DEFAULT_OVERRUN_MS = 30_000;

/** The option `overrunMs`. */
export const overrunMs: NumberSetting = wholeFrom(0, MAX_TIMER_MS);
