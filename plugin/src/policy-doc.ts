// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a policy means, in sentences for TSDoc. */
import type { DescMethod } from "@bufbuild/protobuf";
import type {
  StreamLimits,
  StreamTimeouts,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { DeclaredHeartbeat } from "./heartbeat.js";
import { peerLines } from "./peer-doc.js";
import type { RpcPolicy } from "./policy.js";
import type { Side } from "./policy-rules.js";
import { retryLines } from "./retry-doc.js";
import { DROPPED, limitsText, queueLines } from "./room-doc.js";
import { duration } from "./units.js";
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
  const { client, heartbeat } = policy;
  const own = policy[side];
  const isClient = side === "client";
  return [
    ...whenSet(isClient ? client.timeoutMs : undefined, (ms) => [
      `Ends with \`deadline_exceeded\` after ${duration(ms)}.`,
    ]),
    ...whenSet(own.timeouts, (timeouts) => timeoutLines(method, side, timeouts)),
    ...whenSet(own.limits, limitLines),
    ...whenSet(own.queues, (queues) => queueLines("There is", queues, whenFull)),
    ...whenSet(isClient ? client.retry : undefined, (policy) => retryLines(method, policy)),
    ...peerLines(method, side, policy),
    ...whenSet(heartbeat, (declared) => [heartbeatLine(side, declared)]),
  ];
}

function timeoutLines(method: DescMethod, side: Side, timeouts: StreamTimeouts): string[] {
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
      `${late} when ${sent(method, side)} has waited for ${duration(ms)}, because the ${peer} does not read.`,
    ]),
    ...whenSet(maxAgeMs, (ms) => [`Ends with \`unavailable\` after ${duration(ms)}: come again.`]),
  ];
}

/** What it is that waits: not every side has a `send`. */
function sent({ methodKind }: DescMethod, side: Side): string {
  if (side === "server") return methodKind === "client_streaming" ? "`sendAndClose`" : "a `send`";
  return methodKind === "server_streaming" ? "the request" : "a `send`";
}

function limitLines(limits: StreamLimits): string[] {
  const text = limitsText(limits);
  if (text === "") return [];
  return [`${upperFirst(text)}. More ends the call with \`resource_exhausted\`.`];
}

/** What becomes of a message for which a queue of this side has no room. */
const whenFull = {
  send: {
    wait: "`send` waits",
    fail: "`send` rejects with `resource_exhausted`",
    dropped: DROPPED,
  },
  receive: {
    wait: "the peer is held back",
    fail: "the call ends with `resource_exhausted`",
    dropped: DROPPED,
  },
};

function heartbeatLine(side: Side, { field, intervalMs }: DeclaredHeartbeat): string {
  const silence = `${duration(intervalMs)} without a message`;
  return side === "server"
    ? `After ${silence}, the runtime sends one with \`${field.localName}\` and nothing else, as a sign of life.`
    : `After ${silence}, the server gives a sign of life. It is no message here, and \`${field.localName}\` is never set.`;
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
