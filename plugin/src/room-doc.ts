// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Limits of size and queues, in words for either side's TSDoc. */
import {
  type QueueBounds,
  type StreamLimits,
  type StreamQueues,
  WhenFull,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { size } from "./units.js";
import { whenSet } from "./when-set.js";

/** What a side with `limits` does: "receives messages of at most 64 KiB"; empty if all is allowed. */
export function limitsText(limits: StreamLimits): string {
  const { readMaxBytes, writeMaxBytes, readStreamMaxBytes, writeStreamMaxBytes } = limits;
  return [
    ...whenSet(readMaxBytes, (bytes) => [`receives messages of at most ${size(bytes)}`]),
    ...whenSet(writeMaxBytes, (bytes) => [`sends messages of at most ${size(bytes)}`]),
    ...whenSet(readStreamMaxBytes, (bytes) => [`receives at most ${size(bytes)} in all`]),
    ...whenSet(writeStreamMaxBytes, (bytes) => [`sends at most ${size(bytes)} in all`]),
  ].join(", ");
}

/** What becomes of the message for which there is no room, with `DROP_OLDEST`. */
export const DROPPED = "the one that has waited longest is dropped";

/** What becomes of a message for which a queue has no room. Nothing to tell of: no sentence. */
interface WhenQueueIsFull {
  readonly wait?: string;
  readonly fail: string;
  readonly dropped: string;
}

/** Sentences on the queues of `owner`, which is said to have them. */
export function queueLines(
  owner: string,
  { send, receive }: StreamQueues,
  then: { readonly send: WhenQueueIsFull; readonly receive: WhenQueueIsFull },
): string[] {
  return [
    ...whenSet(send, (bounds) => queueLine(owner, bounds, "be sent", then.send)),
    ...whenSet(receive, (bounds) => queueLine(owner, bounds, "be read", then.receive)),
  ];
}

function queueLine(
  owner: string,
  { maxMessages, maxBytes, whenFull }: QueueBounds,
  purpose: string,
  then: WhenQueueIsFull,
): string[] {
  const most = [
    ...whenSet(maxMessages, (count) => [count === 1 ? "1 message" : `${count} messages`]),
    ...whenSet(maxBytes, (bytes) => [size(bytes)]),
  ];
  const full = {
    [WhenFull.UNSPECIFIED]: then.wait,
    [WhenFull.WAIT]: then.wait,
    [WhenFull.FAIL]: then.fail,
    [WhenFull.DROP_OLDEST]: then.dropped,
  }[whenFull];
  const room = most.length > 0 ? most.join(" and ") : "the default number of bytes";
  return whenSet(full, (happens) => [
    `${owner} room for ${room} waiting to ${purpose}. When it is full, ${happens}.`,
  ]);
}
