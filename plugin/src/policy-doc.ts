// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the schema declares of an RPC, in sentences for TSDoc. */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Side } from "connect-stream/options";
import { ifDefined } from "./if-defined.js";
import { limitsLines, queueLines, type WhenQueuesAreFull } from "./limits-doc.js";
import type { RpcPolicy } from "./policy.js";
import { ownEnding } from "./policy-ending.js";
import { remotePolicyLines } from "./remote-policy-doc.js";
import { retryLines } from "./retry-doc.js";
import { timeoutLines } from "./timeouts-doc.js";
import { list, paragraphs } from "./tsdoc.js";
import { duration } from "./units.js";

/** A side's own policy, then what it has to know of the other's; empty if there is neither. */
export function policyDoc(method: DescMethod, side: Side, policy: RpcPolicy | undefined): string {
  if (!policy) return "";
  const remote = side === "client" ? "Policy of the server:" : "Policy of generated clients:";
  return paragraphs([
    list("Policy of the schema, unless options override it:", ownLines(method, side, policy)),
    list(remote, remotePolicyLines(method, side, policy)),
  ]);
}

function ownLines(method: DescMethod, side: Side, policy: RpcPolicy): string[] {
  const { timeouts, limits, queues } = policy[side];
  const { timeoutMs, retry } = policy.client;
  const isClient = side === "client";
  const ending = ownEnding[side];
  const reader = isClient ? "the server" : "the client";
  return [
    ...ifDefined(isClient ? timeoutMs : undefined, (ms) => [
      `Ends with \`deadline_exceeded\` after ${duration(ms)}.`,
    ]),
    ...ifDefined(timeouts, (timeouts) => timeoutLines(timeouts, ending, reader)),
    ...ifDefined(limits, (limits) => limitsLines(limits, ending.tooMuch)),
    ...ifDefined(queues, (queues) => queueLines(queues, whenFull)),
    ...ifDefined(isClient ? retry : undefined, (retry) => retryLines(method, retry)),
    ...ifDefined(isClient ? undefined : policy.heartbeat, ({ field, intervalMs }) => [
      `Sends a heartbeat after ${duration(intervalMs)} of silence: a message with only \`${field.localName}\` set.`,
    ]),
  ];
}

const dropOldest = "drops the oldest message";

const whenFull: WhenQueuesAreFull = {
  send: { wait: "`send` waits", fail: "`send` rejects with `resource_exhausted`", dropOldest },
  receive: { wait: "stops reading", fail: "ends with `resource_exhausted`", dropOldest },
};
