// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Both directions of a call, side by side. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Message } from "@bufbuild/protobuf";
import { ConnectError } from "connect-stream";
import type { OpenCall } from "./open.js";

/** What a call sends, and what becomes of what it receives. */
export interface Traffic {
  /** The messages to send; a rejection ends the call. */
  readonly input: AsyncIterable<Message>;
  /** Between two messages, in milliseconds. 0: none. */
  readonly intervalMs: number;
  /** Gets each message that was sent, and the end. */
  onSent?(message: Message | undefined): void;
  /** Gets each message that came. The next one waits for its promise; `true`: no more of them. */
  onReceived(message: Message): Promise<boolean>;
}

/** How a call ended, as far as the command cares. */
export interface Ending {
  /** The error of the call. */
  readonly error?: ConnectError;
  /** The command had enough. */
  readonly stopped: boolean;
}

/**
 * Sends and receives until the server has ended the call, or `onReceived` has enough. Rejects with
 * what the input rejects with: the call is then closed. `signal` stops the input as well.
 */
export async function runCall(
  call: OpenCall,
  traffic: Traffic,
  signal: AbortSignal,
): Promise<Ending> {
  const over = new AbortController();
  const stop = AbortSignal.any([signal, over.signal]);
  const faults: unknown[] = [];
  const sending = sendAll(call, traffic, stop).catch((error: unknown) => {
    // That the call has ended says `recv`, too.
    if (error instanceof ConnectError || stop.aborted) return;
    faults.push(error);
    call.close();
  });
  try {
    const ending = await receiveAll(call, traffic);
    if (faults.length > 0) throw faults[0];
    return ending;
  } finally {
    over.abort();
    call.close();
    // Not awaited: an input that waits for a terminal or a pipe ends when that is closed.
    void sending;
  }
}

async function sendAll(call: OpenCall, traffic: Traffic, signal: AbortSignal): Promise<void> {
  let first = true;
  for await (const message of traffic.input) {
    if (!first && traffic.intervalMs > 0) await sleep(traffic.intervalMs, undefined, { signal });
    if (signal.aborted) return;
    first = false;
    await call.send(message);
    traffic.onSent?.(message);
  }
  await call.closeSend();
  traffic.onSent?.(undefined);
}

async function receiveAll(call: OpenCall, { onReceived }: Traffic): Promise<Ending> {
  try {
    for (;;) {
      const message = await call.recv();
      if (!message) return { stopped: false };
      if (await onReceived(message)) return { stopped: true };
    }
  } catch (error) {
    if (error instanceof ConnectError) return { error, stopped: false };
    throw error;
  }
}
