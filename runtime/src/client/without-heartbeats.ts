// SPDX-License-Identifier: Apache-2.0
import type { StreamOutcome } from "../api/outcome.js";
import type { Heartbeat } from "../protocol/heartbeat.js";
import type { ClientCall, OpenCall } from "./client-call.js";
import { ClientDelegate } from "./delegate.js";

/**
 * Opens calls as `open` does, without their heartbeats: nobody receives one, and `outcome` does not
 * count those that were looked at. For limits of time they are messages: signs of life.
 */
export function withoutHeartbeats(open: OpenCall, heartbeat: Heartbeat | undefined): OpenCall {
  if (!heartbeat) return open;
  return (method, init) => {
    let beats = 0;
    const skip = (message: object): boolean => {
      const isHeartbeat = heartbeat.is(message);
      if (isHeartbeat) beats++;
      return isHeartbeat;
    };
    return new HeardSide(open(method, { ...init, skip }), () => beats);
  };
}

class HeardSide extends ClientDelegate {
  readonly #beats: () => number;
  #outcome: Promise<StreamOutcome> | undefined;

  constructor(side: ClientCall, beats: () => number) {
    super(side);
    this.#beats = beats;
  }

  override get outcome(): Promise<StreamOutcome> {
    this.#outcome ??= this.side.outcome.then((outcome) => {
      const { received } = outcome;
      const messages = received.messages - this.#beats();
      return { ...outcome, received: { ...received, messages } };
    });
    return this.#outcome;
  }
}
