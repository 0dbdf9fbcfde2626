// SPDX-License-Identifier: Apache-2.0
import type { Attributes, Counter, Meter, UpDownCounter } from "@opentelemetry/api";
import type { HandlerOverrun } from "../api/observer.js";
import { METRIC_OVERRUNNING_HANDLERS, METRIC_OVERRUNS } from "./names.js";

/** Handlers that go on after the end of their call: how many there were, and how many there are. */
export class Overruns {
  readonly #all: Counter;
  readonly #running: UpDownCounter;

  constructor(meter: Meter) {
    this.#all = meter.createCounter(METRIC_OVERRUNS, {
      description: "Handlers that went on after the end of their call.",
      unit: "{handler}",
    });
    this.#running = meter.createUpDownCounter(METRIC_OVERRUNNING_HANDLERS, {
      description: "Handlers that go on after the end of their call, and have not returned.",
      unit: "{handler}",
    });
  }

  /** Counts a handler, and until it has returned, that it runs. */
  add({ ended }: HandlerOverrun, attributes: Attributes): void {
    this.#all.add(1, attributes);
    this.#running.add(1, attributes);
    void ended.then(() => this.#running.add(-1, attributes));
  }
}
