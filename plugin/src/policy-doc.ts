// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a policy means, in sentences for TSDoc. */
import type { DescMethod } from "@bufbuild/protobuf";
import {
  type QueueBounds,
  type StreamLimits,
  type StreamQueues,
  type StreamTimeouts,
  WhenFull,
} from "./gen/connectstream/v1/options_pb.js";
import type { DeclaredHeartbeat } from "./heartbeat.js";
import type { RpcPolicy } from "./policy.js";
import type { Side } from "./policy-rules.js";
import { retryLines } from "./retry-doc.js";
import { duration, size } from "./units.js";
import { whenSet } from "./when-set.js";

/** What the schema declares of an RPC for one side, as a list; empty if that is nothing. */
export function policyDoc(
  method: DescMethod,
  side: Side,
  policies: ReadonlyMap<DescMethod, RpcPolicy>,
): string {
  const policy = policies.get(method);
  const lines = policy ? linesOf(method, side, policy) : [];
  if (lines.length === 0) return "";
  const intro = "As the schema declares, unless options say otherwise:";
  return [intro, ...lines.map((line) => `- ${line}`)].join("\n");
}

function linesOf(method: DescMethod, side: Side, policy: RpcPolicy): string[] {
  const { client, server, heartbeat } = policy;
  const own = policy[side];
  const isClient = side === "client";
  return [
    ...whenSet(isClient ? client.timeoutMs : undefined, (ms) => [
      `Ends with \`deadline_exceeded\` after ${duration(ms)}.`,
    ]),
    ...whenSet(own.timeouts, (timeouts) => timeoutLines(side, timeouts)),
    ...whenSet(isClient ? server.timeouts?.maxAgeMs : undefined, (ms) => [
      `The server ends it with \`unavailable\` after ${duration(ms)}: come again.`,
    ]),
    ...whenSet(own.limits, limitLines),
    ...whenSet(own.queues, queueLines),
    ...whenSet(isClient ? client.retry : undefined, (policy) => retryLines(method, policy)),
    ...whenSet(heartbeat, (declared) => [heartbeatLine(side, declared)]),
  ];
}

function timeoutLines(side: Side, timeouts: StreamTimeouts): string[] {
  const { firstMessageMs, idleMs, recvMs, sendMs, maxAgeMs } = timeouts;
  const peer = side === "server" ? "client" : "server";
  const late = "Ends with `deadline_exceeded`";
  return [
    ...whenSet(firstMessageMs, (ms) => [
      `${late} if no message of the ${peer} has arrived after ${duration(ms)}.`,
    ]),
    ...whenSet(idleMs, (ms) => [`${late} after ${duration(ms)} without a message, either way.`]),
    ...whenSet(recvMs, (ms) => [
      `\`recv\` rejects with \`deadline_exceeded\` after ${duration(ms)}, and the stream goes on.`,
    ]),
    ...whenSet(sendMs, (ms) => [
      `${late} when a \`send\` has waited for ${duration(ms)}, because the ${peer} does not read.`,
    ]),
    ...whenSet(maxAgeMs, (ms) => [`Ends with \`unavailable\` after ${duration(ms)}: come again.`]),
  ];
}

function limitLines(limits: StreamLimits): string[] {
  const { readMaxBytes, writeMaxBytes, readStreamMaxBytes, writeStreamMaxBytes } = limits;
  const parts = [
    ...whenSet(readMaxBytes, (bytes) => [`receives messages of at most ${size(bytes)}`]),
    ...whenSet(writeMaxBytes, (bytes) => [`sends messages of at most ${size(bytes)}`]),
    ...whenSet(readStreamMaxBytes, (bytes) => [`receives at most ${size(bytes)} in all`]),
    ...whenSet(writeStreamMaxBytes, (bytes) => [`sends at most ${size(bytes)} in all`]),
  ];
  const sentence = upperFirst(parts.join(", "));
  return parts.length > 0 ? [`${sentence}. More ends the call with \`resource_exhausted\`.`] : [];
}

function queueLines({ send, receive }: StreamQueues): string[] {
  const dropped = "the one that has waited longest is dropped";
  return [
    ...whenSet(send, (bounds) =>
      queueLine("waiting to be sent", bounds, {
        wait: "`send` waits",
        fail: "`send` rejects with `resource_exhausted`",
        dropped,
      }),
    ),
    ...whenSet(receive, (bounds) =>
      queueLine("waiting to be read", bounds, {
        wait: "the peer is held back",
        fail: "the call ends with `resource_exhausted`",
        dropped,
      }),
    ),
  ];
}

/** `then`: what happens to a message for which there is no room. */
function queueLine(
  what: string,
  { maxMessages, maxBytes, whenFull }: QueueBounds,
  then: { readonly wait: string; readonly fail: string; readonly dropped: string },
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
  return [`There is room for ${room} ${what}. When it is full, ${full}.`];
}

function heartbeatLine(side: Side, { field, intervalMs }: DeclaredHeartbeat): string {
  const silence = `${duration(intervalMs)} without a message`;
  return side === "server"
    ? `After ${silence}, the runtime sends one with \`${field.localName}\` and nothing else, as a sign of life.`
    : `After ${silence}, the server gives a sign of life. It is no message here, and \`${field.localName}\` is never set.`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
