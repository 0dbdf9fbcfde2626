// SPDX-License-Identifier: Apache-2.0
import type { Attributes } from "@opentelemetry/api";
import { ATTR_RPC_STATUS_CODE } from "@opentelemetry/semantic-conventions";
import type { EndedBy } from "../api/outcome.js";
import { ATTR_DIRECTION, ATTR_ENDED_BY } from "./names.js";

/** Streams that ended alike. */
interface End {
  count: number;
  readonly attributes: Attributes;
}

/**
 * What the streams of one RPC add up to. To count here costs little for each message; instruments
 * read it when metrics are collected.
 */
export class Tally {
  readonly attributes: Attributes;
  readonly sent: Attributes;
  readonly received: Attributes;
  readonly #ends = new Map<string, End>();
  open = 0;
  sentMessages = 0;
  sentBytes = 0;
  receivedMessages = 0;
  receivedBytes = 0;

  constructor(attributes: Attributes) {
    this.attributes = attributes;
    this.sent = { ...attributes, [ATTR_DIRECTION]: "sent" };
    this.received = { ...attributes, [ATTR_DIRECTION]: "received" };
  }

  get ends(): Iterable<Readonly<End>> {
    return this.#ends.values();
  }

  /** Counts a stream that has ended. */
  ended(endedBy: EndedBy, status: string | undefined): void {
    const key = `${endedBy} ${status}`;
    const same = this.#ends.get(key) ?? { count: 0, attributes: this.#endOf(endedBy, status) };
    same.count++;
    this.#ends.set(key, same);
  }

  #endOf(endedBy: EndedBy, status: string | undefined): Attributes {
    const code = status === undefined ? {} : { [ATTR_RPC_STATUS_CODE]: status };
    return { ...this.attributes, ...code, [ATTR_ENDED_BY]: endedBy };
  }
}
