// SPDX-License-Identifier: Apache-2.0
import { type NumberSetting, type Setting, valueThat } from "./declare.js";
import { MAX_TIMER_MS } from "./max-timer.js";

/** The time of a call. 0 or less is no deadline, as with Connect. `NaN` would be none by mistake. */
export const callTimeout: Setting = /* @__PURE__ */ valueThat(
  "a number of milliseconds",
  (value) => typeof value === "number" && !Number.isNaN(value),
);

/** The time of each call of a client. 0 turns the limit of a schema off; a schema leaves it out. */
export const clientTimeout: NumberSetting = {
  check: /* @__PURE__ */ valueThat(
    "a number, at least 0",
    (value) => typeof value === "number" && value >= 0,
  ).check,
  range: { min: 1, max: MAX_TIMER_MS, isWhole: true },
};
