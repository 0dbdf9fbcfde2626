// SPDX-License-Identifier: Apache-2.0
import { isConnect } from "../support/connect-version.js";
import type { Failure } from "./run-part.js";

/** Why cases fail on Connect-Node's own adapter, whatever the handlers are. */
export interface UpstreamFault {
  /** Which cases it concerns, by their names. */
  readonly name: RegExp;
  /** How many these are. */
  readonly cases: number;
  /** What the runner says of those that fail. */
  readonly text: RegExp;
  /** All of them fail, each time. Otherwise it is a race, which any of them may lose. */
  readonly always: boolean;
  readonly reason: string;
}

const before23: readonly UpstreamFault[] = [
  {
    name: /^Server Message Size\/HTTPVersion:2\/Protocol:\w+\/Compression:COMPRESSION_IDENTITY\/TLS:\w+\/(client-stream|bidi-stream\/half-duplex|bidi-stream\/full-duplex)\/(first|subsequent)-request-exceeds-server-limit$/,
    cases: 30,
    text: /timed out waiting for result from client|no outcome ever received/,
    always: true,
    reason:
      "HTTP/2: Connect-Node stops reading a stream that it refuses. A client that waits for flow " +
      "control to go on sending hangs.",
  },
  {
    name: /^Server Message Size\/HTTPVersion:2\/Protocol:\w+\/Compression:COMPRESSION_IDENTITY\/TLS:\w+\/(unary|server-stream)\/request-exceeds-server-limit$/,
    cases: 12,
    text: /PROTOCOL_ERROR; received from peer/,
    always: false,
    reason:
      "HTTP/2: Connect-Node answers before the client is done, in pieces. A client that stops " +
      "short of its content-length has its stream reset, maybe before the end of the answer.",
  },
];

/** Connect 2.3 passes all cases. */
export const upstreamFaults: readonly UpstreamFault[] = isConnect("2.3") ? [] : before23;

/** What failed, held against what was to fail. */
export interface Verdict {
  /** One line a fault. */
  readonly notes: readonly string[];
  /** Failures that no fault explains. */
  readonly surprises: readonly Failure[];
  /** Cases that were to fail, and did not. */
  readonly cured: number;
}

/** Holds the failures of a suite against the faults that are known. */
export function judge(failures: readonly Failure[], faults: readonly UpstreamFault[]): Verdict {
  const explains = ({ name, text }: Failure) => {
    return faults.find((fault) => fault.name.test(name) && fault.text.test(text));
  };
  const counted = faults.map((fault) => ({
    fault,
    failed: failures.filter((failure) => explains(failure) === fault).length,
  }));
  return {
    notes: counted.map(
      ({ fault: { cases, always, reason }, failed }) =>
        `${failed} of ${cases} ${always ? "fail, as all have to" : "lost a race"}. ${reason}`,
    ),
    surprises: failures.filter((failure) => !explains(failure)),
    cured: counted.reduce(
      (sum, { fault, failed }) => sum + (fault.always ? fault.cases - failed : 0),
      0,
    ),
  };
}
