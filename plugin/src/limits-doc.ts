// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Limits of size and queues, in sentences for either side's TSDoc. */
import {
  type QueueBounds,
  type StreamLimits,
  type StreamQueues,
  WhenFull,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { ifDefined } from "./if-defined.js";
import { size } from "./units.js";

/** What a side with `limits` takes and sends, and what it does above that. */
export function limitsLines(limits: StreamLimits, tooMuch: string): string[] {
  const { readMaxBytes, writeMaxBytes, readStreamMaxBytes, writeStreamMaxBytes } = limits;
  const parts = [
    ...limitText("Receives", readMaxBytes, readStreamMaxBytes),
    ...limitText("Sends", writeMaxBytes, writeStreamMaxBytes),
  ];
  return parts.map((text) => `${text}; above that, ${tooMuch}.`);
}

function limitText(does: string, message?: number, stream?: bigint): string[] {
  const most = [
    ...ifDefined(message, (bytes) => [`${size(bytes)} per message`]),
    ...ifDefined(stream, (bytes) => [`${size(bytes)} in total`]),
  ];
  return most.length === 0 ? [] : [`${does} at most ${most.join(", ")}`];
}

/** What becomes of a message for which a queue has no room. Nothing to tell of: no sentence. */
interface WhenQueueIsFull {
  readonly wait?: string;
  readonly fail: string;
  readonly dropOldest: string;
}

/** What becomes of messages for which the two queues of a side have no room. */
export interface WhenQueuesAreFull {
  readonly send: WhenQueueIsFull;
  readonly receive: WhenQueueIsFull;
}

/** What the queues of a side hold, and what happens when they are full. */
export function queueLines(queues: StreamQueues, whenFull: WhenQueuesAreFull): string[] {
  return [
    ...ifDefined(queues.send, (bounds) => queueLine("to send", bounds, whenFull.send)),
    ...ifDefined(queues.receive, (bounds) => queueLine("to read", bounds, whenFull.receive)),
  ];
}

function queueLine(purpose: string, bounds: QueueBounds, then: WhenQueueIsFull): string[] {
  const most = [
    ...ifDefined(bounds.maxMessages, (count) => [count === 1 ? "1 message" : `${count} messages`]),
    ...ifDefined(bounds.maxBytes, (bytes) => [size(bytes)]),
  ];
  const full = {
    [WhenFull.UNSPECIFIED]: then.wait,
    [WhenFull.WAIT]: then.wait,
    [WhenFull.FAIL]: then.fail,
    [WhenFull.DROP_OLDEST]: then.dropOldest,
  }[bounds.whenFull];
  const room = most.length > 0 ? most.join(" or ") : "the default number of bytes";
  return ifDefined(full, (happens) => [`Queues ${room} ${purpose}; when full, ${happens}.`]);
}
