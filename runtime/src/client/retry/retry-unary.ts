// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import type { StreamCallOptions } from "../../api/options.js";
import { type CallLimits, limitsFrom, pause, timeLeft } from "../backoff-timer.js";
import { invokeHeaderCallbacks } from "../invoke-header-callbacks.js";
import { RetryPlan } from "./retry-plan.js";
import type { RetrySettings } from "./retry-settings.js";

/** Makes a unary call, again while `settings` say so. Headers and trailers are told of the last. */
export async function retryUnary<T>(
  settings: RetrySettings,
  method: Pick<DescMethod, "idempotency">,
  options: StreamCallOptions,
  call: (options: StreamCallOptions) => Promise<T>,
): Promise<T> {
  const plan = new RetryPlan(settings, method);
  const limits = limitsFrom(options.signal, options.timeoutMs);
  let header: Headers | undefined;
  let trailer: Headers | undefined;
  const attempt = () => {
    const timeoutMs = timeLeft(limits, options.timeoutMs);
    const headers = plan.begin(options.headers);
    return call({
      ...options,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(headers && { headers }),
      onHeader: (got) => {
        header = got;
      },
      onTrailer: (got) => {
        trailer = got;
      },
    });
  };
  const response = await repeat(plan, limits, attempt);
  try {
    await invokeHeaderCallbacks(options, header, trailer);
  } catch (thrown) {
    throw ConnectError.from(thrown);
  }
  return response;
}

async function repeat<T>(
  plan: RetryPlan,
  limits: CallLimits,
  attempt: () => Promise<T>,
): Promise<T> {
  while (true) {
    try {
      const response = await attempt();
      plan.succeeded();
      return response;
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      if (limits.signal?.aborted || performance.now() >= limits.deadline) throw error;
      const delayMs = plan.delayAfter(error);
      if (delayMs === undefined) throw error;
      await paused(delayMs, limits, error);
    }
  }
}

function paused(delayMs: number, limits: CallLimits, cause: ConnectError): Promise<void> {
  return new Promise((resolve, reject) => {
    pause(delayMs, limits, cause, { onOver: resolve, onGiveUp: reject });
  });
}
