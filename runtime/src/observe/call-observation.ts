// SPDX-License-Identifier: Apache-2.0
import type {
  CallObserver,
  CallRetry,
  HandlerOverrun,
  ObservedCall,
  RpcObserver,
} from "../api/observer.js";
import type { StreamOutcome } from "../api/outcome.js";
import type { MessageHooks } from "../call/message-hooks.js";
import { guard, guarded } from "./guard.js";

/** What an observer made for one call, behind a guard. What it does not want is `undefined`. */
export interface CallObservation {
  readonly hooks: MessageHooks | undefined;
  readonly header: ((header: Headers) => void) | undefined;
  readonly retry: ((retry: CallRetry) => void) | undefined;
  readonly overrun: ((overrun: HandlerOverrun) => void) | undefined;
  readonly end: ((outcome: StreamOutcome) => void) | undefined;
  /** Runs `next`, once, whatever the observer does; gives what it returns or throws. */
  run<T>(next: () => T): T;
}

/** Tells `observer` of a call. `undefined` if it leaves the call alone. */
export function observeCall(
  observer: RpcObserver,
  call: ObservedCall,
): CallObservation | undefined {
  const watching = guard(observer, () => observer.open(call));
  if (!watching) return undefined;
  return {
    hooks: hooksOf(observer, watching),
    header: guarded(observer, watching, watching.onHeader),
    retry: guarded(observer, watching, watching.onRetry),
    overrun: guarded(observer, watching, watching.onOverrun),
    end: guarded(observer, watching, watching.onEnd),
    run: (next) => runWithin(observer, watching, next),
  };
}

function hooksOf(observer: RpcObserver, watching: CallObserver): MessageHooks | undefined {
  const { onMessageSent, onMessageReceived, onSendWait } = watching;
  if (!onMessageSent && !onMessageReceived && !onSendWait) return undefined;
  return {
    sent: guarded(observer, watching, onMessageSent),
    received: guarded(observer, watching, onMessageReceived),
    waited: guarded(observer, watching, onSendWait),
  };
}

function runWithin<T>(observer: RpcObserver, watching: CallObserver, next: () => T): T {
  if (!watching.run) return next();
  let result: (() => T) | undefined;
  const once = () => {
    result ??= resultOf(next);
    return result;
  };
  guard(observer, () => watching.run?.(once));
  return once()();
}

/** Calls `next`; gives what it returned or threw when asked. */
function resultOf<T>(next: () => T): () => T {
  try {
    const value = next();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
