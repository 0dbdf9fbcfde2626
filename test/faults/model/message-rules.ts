// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Rules of what arrives, and of the queues on its way. */
import { create, equals } from "@bufbuild/protobuf";
import type { QueueBounds } from "connect-stream";
import { JoinSchema } from "../../support/gen/lab/v1/metadata_pb.js";
import { fits, holds, kept, mayRefuse } from "./bounds.js";
import {
  accepted,
  downward,
  type Flow,
  hasHeartbeat,
  isEnd,
  isRefusal,
  messages,
  missing,
  nameOf,
  type Rule,
  upward,
} from "./facts.js";
import type { Op } from "./trace.js";

export const messageRules: Record<string, Rule> = {
  "the client receives what the server sent, in order and without a gap that was not counted": (
    t,
  ) => flowFault(downward(t)),

  "the server receives what the client sent, in order and without a gap that was not counted": (
    t,
  ) => flowFault(upward(t)),

  "the end comes as a value only after the handler has returned, and after every message": (t) => {
    if (!t.client.some(isEnd)) return undefined;
    if (t.handlerEnd?.act !== "return") return `an end, but the handler did ${t.handlerEnd?.act}`;
    if (t.outcome?.code !== undefined) return `an end, but the outcome is ${t.outcome.code}`;
    return endFault(downward(t));
  },

  "after the end there is only the end": ({ client, handler }) => {
    for (const ops of [client, handler] as Op<string>[][]) {
      const recvs = ops.filter(({ act }) => act === "recv" || act === "recv, briefly");
      const first = recvs.findIndex(isEnd);
      if (first < 0) continue;
      const after = recvs
        .slice(first)
        .filter(({ settlement }) => settlement?.status === "fulfilled");
      if (after.some((op) => !isEnd(op))) return "a message after the end";
    }
    return undefined;
  },

  "a handler sees the end only after a half-close, never after a cancel": (t) => {
    const end = t.handler.find(isEnd);
    if (!end) return undefined;
    const halfClose = t.client.find(({ act }) => act === "half-close");
    if (!halfClose) return "an end without a half-close";
    if (t.givenUpAt && t.givenUpAt < halfClose.at) return "an end after a cancel";
    return endFault(upward(t));
  },

  "traffic counts messages": (t) => {
    if (!t.outcome) return undefined;
    const { kind } = t.scenario;
    const { sent, received: got, code } = t.outcome;
    const up = upward(t);
    const left = up.accepted.length - sent.messages - sent.dropped;
    const streams = kind === "upload" || kind === "chat";
    if (streams && !lostInQueue(up, left)) {
      return `sent ${sent.messages}, dropped ${sent.dropped}, accepted ${up.accepted.length}`;
    }
    const down = downward(t);
    const out = down.accepted.length - down.sendDropped;
    // Heartbeats count if they were dropped, or nobody has looked at them.
    const [least, most] = [code === undefined ? out : down.received.length, out + down.beats];
    return got.messages < least || got.messages > most
      ? `received ${got.messages}, read ${down.received.length}, server sent ${out} and ${down.beats} heartbeats, code ${nameOf(code)}`
      : undefined;
  },

  "all count the same messages as dropped": ({ outcome, served, clientQueued, handlerQueued }) => {
    const counts = [
      [outcome?.sent, clientQueued.send],
      [outcome?.received, clientQueued.receive],
      [served?.sent, handlerQueued.send],
      [served?.received, handlerQueued.receive],
    ];
    const wrong = counts.find(([told, shown]) => told && shown && told.dropped !== shown.dropped);
    return wrong && `told ${wrong[0]?.dropped}, shown ${wrong[1]?.dropped}`;
  },

  "a queue drops only if it is to": (t) => {
    for (const { send, sendDropped, receive, receiveDropped } of [upward(t), downward(t)]) {
      if (send?.whenFull !== "drop-oldest" && sendDropped > 0) return `${sendDropped} to send`;
      if (receive?.whenFull !== "drop-oldest" && receiveDropped > 0) return `${receiveDropped}`;
    }
    return undefined;
  },

  "a queue to send holds no more than its bounds, and refuses only what has no room": ({
    scenario: { queues },
    client,
    handler,
  }) => overfull(client, queues.client.send) ?? overfull(handler, queues.server.send),

  "nobody sees a heartbeat, and there is none where none is declared": (t) => {
    const seen = messages(t.client).find((message) => Reflect.get(message, "heartbeat") === true);
    if (seen) return "received";
    const { served } = t;
    if (t.servedLate > 0) return `${t.servedLate} after the end`;
    if (downward(t).beats < 0) return `${served?.sent.messages} messages sent`;
    const more = (served?.sent.messages ?? 0) > accepted(t.handler).length;
    return more && !hasHeartbeat(t.scenario) ? `${served?.sent.messages} messages` : undefined;
  },

  "a handler is told of the client what that said": ({ scenario, metadata, handlerStartedAt }) => {
    const { declared, kind } = scenario;
    if (!declared || kind === "download" || !handlerStartedAt) return undefined;
    return metadata && equals(JoinSchema, metadata, create(JoinSchema, declared))
      ? undefined
      : JSON.stringify(metadata);
  },
};

/** In order, with no more gaps than there were messages dropped, and no more dropped than missing. */
function flowFault(flow: Flow): string | undefined {
  const numbers = flow.accepted.map(({ number }) => number);
  const dropped = flow.sendDropped + flow.receiveDropped;
  const what = `got ${flow.received.join()}, sent ${numbers.join()}, dropped ${dropped}`;
  let from = 0;
  for (const number of flow.received) {
    const at = numbers.indexOf(number, from);
    if (at < 0) return what;
    from = at + 1;
  }
  if (from - flow.received.length > dropped) return `a gap: ${what}`;
  return missing(flow).most < 0 ? `more dropped than sent: ${what}` : undefined;
}

/** All that was not dropped has arrived, and it was not the newest that was dropped. */
function endFault(flow: Flow): string | undefined {
  const { accepted, received } = flow;
  const { least, most } = missing(flow);
  if (least > 0 || most < 0)
    return `an end after ${received.length} of ${accepted.length} messages`;
  // A heartbeat that nobody has read takes a place.
  const newest = Math.min(kept(flow.send), flow.beats > 0 ? 0 : kept(flow.receive));
  const lost = accepted.slice(-newest).find(({ number }) => !received.includes(number));
  return newest > 0 && lost ? `${lost.number} is lost, which is one of the newest` : undefined;
}

/** Whether so many of the last messages may have been in the queue when the call ended. */
function lostInQueue({ accepted, send }: Flow, count: number): boolean {
  if (!send) return count === 0;
  return count >= 0 && fits(send, count > 0 ? accepted.slice(-count) : []);
}

function overfull(ops: readonly Op<string>[], bounds: QueueBounds | undefined): string | undefined {
  for (const op of ops) {
    const { message, waiting } = op;
    if (!message || !waiting) continue;
    const [before, after] = waiting;
    const full = `${message.number} after ${JSON.stringify(before)}: ${JSON.stringify(after)}`;
    if (bounds && bounds.whenFull !== "wait" && !holds(bounds, after)) return full;
    if (!isRefusal(op)) continue;
    if (bounds?.whenFull !== "fail" || !mayRefuse(bounds, before, message.bytes)) return full;
  }
  return undefined;
}
