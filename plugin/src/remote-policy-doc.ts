// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation What the policy of the other side means for a side, in sentences for TSDoc:
 * whatever ends its call, loses its messages or brings a call twice. What concerns the other side's
 * own code alone, as its limit for one `recv`, is left out.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import type { ClientPolicy, ServerPolicy } from "connect-stream/gen/connectstream/v1/options_pb.js";
import type { Side } from "connect-stream/options";
import { ifDefined } from "./if-defined.js";
import { limitsLines, queueLines } from "./limits-doc.js";
import type { RpcPolicy } from "./policy.js";
import { remoteEnding } from "./policy-ending.js";
import { repeatedLines } from "./retry-doc.js";
import { timeoutLines } from "./timeouts-doc.js";
import { duration } from "./units.js";

/** What `side` has to know of the other side's policy. */
export function remotePolicyLines(method: DescMethod, side: Side, policy: RpcPolicy): string[] {
  const { server, client, heartbeat } = policy;
  if (side === "client") {
    return [
      ...boundLines(method, side, server),
      ...ifDefined(heartbeat, ({ intervalMs }) => [
        `Sends a heartbeat after ${duration(intervalMs)} of silence; \`recv\` skips it.`,
      ]),
    ];
  }
  return [
    ...ifDefined(client.timeoutMs, (ms) => [
      `Ends with \`deadline_exceeded\` after ${duration(ms)}.`,
    ]),
    ...boundLines(method, side, client),
    ...ifDefined(client.retry, (retry) => repeatedLines(method, retry)),
  ];
}

function boundLines(
  method: DescMethod,
  side: Side,
  { timeouts, limits, queues }: ServerPolicy | ClientPolicy,
): string[] {
  const ending = remoteEnding[side];
  const reader = receivesMany(method, side) ? "this side" : undefined;
  return [
    ...ifDefined(timeouts, (timeouts) => timeoutLines(timeouts, ending, reader)),
    ...ifDefined(limits, (limits) => limitsLines(limits, ending.tooMuch)),
    ...ifDefined(queues, (queues) =>
      queueLines(queues, {
        // Waiting is what happens without a queue, too.
        send: {
          fail: "its `send` rejects",
          dropOldest: "drops the oldest message, which never arrives",
        },
        receive: { fail: ending.tooMuch, dropOldest: "drops the oldest unread message" },
      }),
    ),
  ];
}

/** A side that is sent one message alone has no way not to read it. */
function receivesMany({ methodKind }: DescMethod, side: Side): boolean {
  const oneWay = side === "client" ? "server_streaming" : "client_streaming";
  return methodKind === "bidi_streaming" || methodKind === oneWay;
}
