// SPDX-License-Identifier: Apache-2.0
import type { CallObserver, RpcObserver } from "../api/observer.js";
import { observer as observerOption } from "../options/policy.js";
import { type CallObservation, observeCall } from "./call-observation.js";

/**
 * Combines several observers: each sees every call, in this order. The first is the outermost in
 * `run`. An observer that throws does not affect the others. Throws a `RangeError` for anything
 * that is not an observer.
 */
export function combineObservers(...observers: readonly RpcObserver[]): RpcObserver {
  for (const [i, observer] of observers.entries())
    observerOption.check(`observers[${i}]`, observer);
  return {
    open(call) {
      const watches = observers.flatMap((observer) => observeCall(observer, call) ?? []);
      return watches.length > 0 ? combined(watches) : undefined;
    },
  };
}

function combined(watches: readonly CallObservation[]): CallObserver {
  const onHeader = together(watches, ({ header }) => header);
  const onMessageSent = together(watches, ({ hooks }) => hooks?.sent);
  const onMessageReceived = together(watches, ({ hooks }) => hooks?.received);
  const onSendWait = together(watches, ({ hooks }) => hooks?.waited);
  const onRetry = together(watches, ({ retry }) => retry);
  const onOverrun = together(watches, ({ overrun }) => overrun);
  const onEnd = together(watches, ({ end }) => end);
  return {
    run: (next) => watches.reduceRight((inner, watch) => () => watch.run(inner), next)(),
    ...(onHeader && { onHeader }),
    ...(onMessageSent && { onMessageSent }),
    ...(onMessageReceived && { onMessageReceived }),
    ...(onSendWait && { onSendWait }),
    ...(onRetry && { onRetry }),
    ...(onOverrun && { onOverrun }),
    ...(onEnd && { onEnd }),
  };
}

/** Calls the methods of all who have one; `undefined` if nobody has. */
function together<A>(
  watches: readonly CallObservation[],
  methodOf: (watch: CallObservation) => ((arg: A) => void) | undefined,
): ((arg: A) => void) | undefined {
  const methods = watches.flatMap((watch) => methodOf(watch) ?? []);
  if (methods.length < 2) return methods[0];
  return (arg) => {
    for (const method of methods) method(arg);
  };
}
