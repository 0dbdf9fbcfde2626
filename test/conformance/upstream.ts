// SPDX-License-Identifier: Apache-2.0
import type { Failure } from "./run-part.js";

/** Why cases fail on Connect-Node's own adapter, whatever the handlers are. */
interface UpstreamReason {
  readonly name: RegExp;
  readonly text: RegExp;
  readonly reason: string;
}

const reasons: readonly UpstreamReason[] = [
  {
    name: /^Server Message Size\/HTTPVersion:1\//,
    text: /connection reset by peer|EOF|server closed/,
    reason:
      "HTTP/1.1: Connect-Node stops reading a request that it refuses, and leaves the socket " +
      "paused. Whatever call comes next on the connection is reset by Node's keep-alive timeout.",
  },
  {
    name: /^Server Message Size\/HTTPVersion:2\/.*-stream\//,
    text: /timed out waiting for result from client|no outcome ever received/,
    reason:
      "HTTP/2: Connect-Node stops reading a stream that it refuses. A client that waits for flow " +
      "control to go on sending hangs.",
  },
  {
    name: /^Server Message Size\/HTTPVersion:2\//,
    text: /PROTOCOL_ERROR; received from peer/,
    reason:
      "HTTP/2: Connect-Node answers before the client is done, in pieces. A client that stops " +
      "short of its content-length has its stream reset before the end of the answer.",
  },
];

/** Why a case fails on Connect-Node's own adapter, if that is known. */
export function upstreamReason({ name, text }: Failure): string | undefined {
  return reasons.find((known) => known.name.test(name) && known.text.test(text))?.reason;
}
