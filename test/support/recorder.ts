// SPDX-License-Identifier: Apache-2.0
import type {
  CallObserver,
  CallRetry,
  ObservedCall,
  RpcObserver,
  StreamOutcome,
} from "connect-stream";
import { until } from "./gate.js";

/** What was told of one call. */
export interface Recorded {
  readonly call: ObservedCall;
  /** Everything, in order, by name. */
  readonly told: string[];
  readonly headers: Headers[];
  readonly sent: number[];
  readonly received: number[];
  readonly waits: number[];
  readonly retries: CallRetry[];
  readonly outcomes: StreamOutcome[];
}

/** An observer that writes everything down. */
export class Recorder implements RpcObserver {
  readonly calls: Recorded[] = [];

  open(call: ObservedCall): CallObserver {
    const lists = { headers: [], sent: [], received: [], waits: [], retries: [], outcomes: [] };
    const recorded: Recorded = { call, told: [], ...lists };
    this.calls.push(recorded);
    const note =
      <T>(name: string, list: T[]) =>
      (value: T) => {
        recorded.told.push(name);
        list.push(value);
      };
    return {
      onHeader: note("header", recorded.headers),
      onMessageSent: note("sent", recorded.sent),
      onMessageReceived: note("received", recorded.received),
      onSendWait: note("wait", recorded.waits),
      onRetry: note("retry", recorded.retries),
      onEnd: note("end", recorded.outcomes),
    };
  }

  /** The calls, when `count` of them are over. */
  async ended(count = 1): Promise<Recorded[]> {
    await until(() => this.calls.filter(({ outcomes }) => outcomes.length > 0).length >= count);
    return this.calls;
  }

  /** The one call that there was, when it is over. */
  async only(): Promise<Recorded & { readonly outcome: StreamOutcome }> {
    const [recorded, ...more] = await this.ended();
    const outcome = recorded?.outcomes[0];
    if (!recorded || !outcome || more.length > 0) throw new Error("expected one call");
    return { ...recorded, outcome };
  }
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
