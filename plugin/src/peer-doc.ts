// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation What the policy of the other side means for a side, in sentences for TSDoc:
 * whatever ends its call, loses its messages or brings a call twice. What concerns the other side's
 * own code alone, as its limit for one `recv`, is left out.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import type {
  ClientPolicy,
  ServerPolicy,
  StreamTimeouts,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { RpcPolicy } from "./policy.js";
import type { Side } from "./policy-rules.js";
import { repeatedLines } from "./retry-doc.js";
import { DROPPED, limitsText, queueLines } from "./room-doc.js";
import { duration } from "./units.js";
import { whenSet } from "./when-set.js";

/** The other side, as a side sees it. */
interface Peer {
  readonly name: string;
  /** Something has taken too long. */
  readonly late: string;
  /** The stream has lasted too long. */
  readonly old: (age: string) => string;
  /** Something was too large, or too much. */
  readonly tooMuch: string;
}

const peers: Readonly<Record<Side, Peer>> = {
  client: {
    name: "The server",
    late: "The server ends it with `deadline_exceeded`",
    old: (age) => `The server ends it with \`unavailable\` after ${age}: come again.`,
    tooMuch: "ends the call with `resource_exhausted`",
  },
  // A server is not told why a client leaves.
  server: {
    name: "A generated client",
    late: "A generated client cancels it",
    old: (age) => `A generated client cancels it after ${age}.`,
    tooMuch: "cancels the call",
  },
};

/** What `side` has to know of the other side's policy. */
export function peerLines(method: DescMethod, side: Side, policy: RpcPolicy): string[] {
  if (side === "client") return boundLines(method, side, policy.server);
  const { timeoutMs, retry } = policy.client;
  return [
    ...whenSet(timeoutMs, (ms) => [
      `A generated client gives it ${duration(ms)}. Then it ends with \`deadline_exceeded\`.`,
    ]),
    ...boundLines(method, side, policy.client),
    ...whenSet(retry, (policy) => repeatedLines(method, policy)),
  ];
}

function boundLines(
  method: DescMethod,
  side: Side,
  { timeouts, limits, queues }: ServerPolicy | ClientPolicy,
): string[] {
  const { name, tooMuch } = peers[side];
  const text = limits ? limitsText(limits) : "";
  return [
    ...whenSet(timeouts, (timeouts) => timeoutLines(method, side, timeouts)),
    ...(text === "" ? [] : [`${name} ${text}. More ${tooMuch}.`]),
    ...whenSet(queues, (queues) =>
      queueLines(`${name} has`, queues, {
        // Waiting is what happens without a queue, too.
        send: { fail: "sending fails there", dropped: `${DROPPED} and never arrives` },
        receive: { fail: `the next one ${tooMuch}`, dropped: `${DROPPED} unread` },
      }),
    ),
  ];
}

function timeoutLines(method: DescMethod, side: Side, timeouts: StreamTimeouts): string[] {
  const { firstMessageMs, idleMs, sendMs, maxAgeMs } = timeouts;
  const { late, old } = peers[side];
  return [
    ...whenSet(firstMessageMs, (ms) => [
      `${late} if no message has reached it after ${duration(ms)}.`,
    ]),
    ...whenSet(idleMs, (ms) => [`${late} after ${duration(ms)} without a message, either way.`]),
    ...whenSet(receivesMany(method, side) ? sendMs : undefined, (ms) => [
      `${late} when a message has waited for ${duration(ms)}, because this side does not read.`,
    ]),
    ...whenSet(maxAgeMs, (ms) => [old(duration(ms))]),
  ];
}

/** A side that is sent one message alone has no way not to read it. */
function receivesMany({ methodKind }: DescMethod, side: Side): boolean {
  const oneWay = side === "client" ? "server_streaming" : "client_streaming";
  return methodKind === "bidi_streaming" || methodKind === oneWay;
}
