// SPDX-License-Identifier: Apache-2.0
import type {
  BatchObservableResult,
  Histogram,
  Meter,
  MeterProvider,
  Observable,
} from "@opentelemetry/api";
import {
  METRIC_RPC_CLIENT_CALL_DURATION,
  METRIC_RPC_SERVER_CALL_DURATION,
} from "@opentelemetry/semantic-conventions";
import type { ObservedCall } from "../api/observer.js";
import { VERSION } from "../api/version.js";
import { rpcAttributes } from "./attributes.js";
import { Tally } from "./counters.js";
import { metricNames } from "./names.js";
import { Overruns } from "./overruns.js";
import { SCHEMA_URL, SCOPE } from "./scope.js";

type Side = ObservedCall["side"];

/**
 * The buckets that the conventions ask for, in seconds.
 * https://opentelemetry.io/docs/specs/semconv/rpc/rpc-metrics/
 */
const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

/** The conventions' names and descriptions. */
const durations = {
  server: {
    name: METRIC_RPC_SERVER_CALL_DURATION,
    description: "Measures the duration of an incoming Remote Procedure Call (RPC).",
  },
  client: {
    name: METRIC_RPC_CLIENT_CALL_DURATION,
    description: "Measures the duration of an outgoing Remote Procedure Call (RPC).",
  },
};

/** All instruments of one side. */
export class Instruments {
  readonly duration: Histogram;
  readonly firstMessage: Histogram;
  readonly sendWait: Histogram;
  /** Those of servers. */
  readonly overruns: Overruns | undefined;
  readonly #tallies = new Map<string, Tally>();

  constructor(meter: Meter, side: Side) {
    const { name, description } = durations[side];
    this.duration = seconds(meter, name, description);
    this.firstMessage = seconds(
      meter,
      metricNames.firstMessage(side),
      "Time from the start of a stream to its first response message.",
    );
    this.sendWait = seconds(
      meter,
      metricNames.sendWait(side),
      "Time that a message waited in send because the other side did not read.",
    );
    this.overruns = side === "server" ? new Overruns(meter) : undefined;
    const { report, all } = observables(meter, side);
    meter.addBatchObservableCallback((result) => {
      for (const tally of this.#tallies.values()) report(result, tally);
    }, all);
  }

  /** That of the RPC of `call`. */
  tallyOf(call: ObservedCall): Tally {
    const attributes = rpcAttributes(call);
    // By the attributes: of two tallies with the same ones only one would be seen.
    const key = JSON.stringify(attributes);
    const known = this.#tallies.get(key);
    if (known) return known;
    const tally = new Tally(attributes);
    this.#tallies.set(key, tally);
    return tally;
  }
}

function seconds(meter: Meter, name: string, description: string): Histogram {
  const advice = { explicitBucketBoundaries: SECONDS };
  return meter.createHistogram(name, { description, unit: "s", advice });
}

/** The instruments that read tallies, and how. */
function observables(
  meter: Meter,
  side: Side,
): { report(result: BatchObservableResult, tally: Tally): void; all: Observable[] } {
  const open = meter.createObservableUpDownCounter(metricNames.openStreams(side), {
    description: "Streams that are open.",
    unit: "{stream}",
  });
  const counter = (name: string, unit: string, description: string) =>
    meter.createObservableCounter(name, { unit, description });
  const ended = counter(metricNames.endedStreams(side), "{stream}", "Streams that have ended.");
  const messages = counter(metricNames.messages(side), "{message}", "Messages of streams.");
  const bytes = counter(metricNames.messageBytes(side), "By", "Bytes of messages as they travel.");
  return {
    all: [open, ended, messages, bytes],
    report(result, tally) {
      result.observe(open, tally.open, tally.attributes);
      for (const { count, attributes } of tally.ends) result.observe(ended, count, attributes);
      result.observe(messages, tally.sentMessages, tally.sent);
      result.observe(messages, tally.receivedMessages, tally.received);
      result.observe(bytes, tally.sentBytes, tally.sent);
      result.observe(bytes, tally.receivedBytes, tally.received);
    },
  };
}

const known = new WeakMap<MeterProvider, Readonly<Record<Side, Instruments>>>();

/** The instruments of a provider, which its observers share: otherwise the last would be the only. */
export function instrumentsOf(provider: MeterProvider): Readonly<Record<Side, Instruments>> {
  const shared = known.get(provider);
  if (shared) return shared;
  const meter = provider.getMeter(SCOPE, VERSION, { schemaUrl: SCHEMA_URL });
  const made = {
    server: new Instruments(meter, "server"),
    client: new Instruments(meter, "client"),
  };
  known.set(provider, made);
  return made;
}
