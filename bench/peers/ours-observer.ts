// SPDX-License-Identifier: Apache-2.0
import type { CallObserver, RpcObserver } from "connect-stream";
import { ourPeer } from "./ours.js";
import type { Peer } from "./peer.js";

/** Counts everything there is to count. */
class Counter implements RpcObserver, CallObserver {
  calls = 0;
  running = 0;
  messages = 0;
  bytes = 0;
  waitedMs = 0;

  open(): CallObserver {
    this.calls++;
    this.running++;
    return this;
  }

  onMessageSent(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }

  onMessageReceived(bytes: number): void {
    this.messages++;
    this.bytes += bytes;
  }

  onSendWait(ms: number): void {
    this.waitedMs += ms;
  }

  onEnd(): void {
    this.running--;
  }
}

/** Ours, with an observer that counts, on both sides. */
export const oursWithObserver: Peer = ourPeer({ observer: new Counter() });
