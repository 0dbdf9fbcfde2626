// SPDX-License-Identifier: Apache-2.0
import { type RouterOption, routerOptions } from "./connect-options.js";
import { functionOption, type Settings } from "./declare.js";
import { overrunMs } from "./overrun.js";
import { observer, type StreamPolicy, streamPolicy } from "./policy.js";

/** Of a service. */
export const serviceOptions: Settings<
  RouterOption | keyof StreamPolicy | "onError" | "overrunMs" | "observer"
> = { onError: functionOption, overrunMs, observer, ...routerOptions, ...streamPolicy };
