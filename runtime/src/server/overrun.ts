// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Handlers that go on after their call, and whatever sends for them. */
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { HandlerOverrun } from "../api/observer.js";
import { type OnError, report } from "./client-error.js";

/** Tells `onError` of a message that is sent after the handler of its call has returned. */
export function reportLateSend(context: HandlerContext, onError: OnError): void {
  const text = "sent a message after it had returned: stop what sends before that";
  report(mistake(context, text), context, onError);
}

/** A call whose handler has not returned. */
export interface OverrunCall {
  readonly context: HandlerContext;
  readonly onError: OnError;
  /** Why the call has ended. */
  readonly reason: ConnectError | undefined;
  overran(overrun: HandlerOverrun): void;
}

/**
 * Tells of a handler whose call has ended, if it still runs after `ms` milliseconds. Returns what to call
 * when it has returned.
 */
export function watchOverrun(ms: number, call: OverrunCall): () => void {
  let resolve: (() => void) | undefined;
  const timer = setTimeout(() => {
    const { context, onError, reason } = call;
    const ended = new Promise<void>((onEnded) => {
      resolve = onEnded;
    });
    const text = `goes on ${ms} ms after the end of its call: pass context.signal to what it waits for`;
    report(mistake(context, text, reason), context, onError);
    call.overran({ ms, ended });
  }, ms);
  unref(timer);
  return () => {
    clearTimeout(timer);
    resolve?.();
  };
}

function mistake({ service, method }: HandlerContext, text: string, cause?: ConnectError): Error {
  const options = cause && { cause };
  return new Error(`the handler of ${service.typeName}.${method.name} ${text}`, options);
}

/** To warn is no reason for a process of Node to live on. Elsewhere timers are numbers. */
function unref(timer: unknown): void {
  if (typeof timer !== "object" || timer === null || !("unref" in timer)) return;
  if (typeof timer.unref === "function") timer.unref();
}
