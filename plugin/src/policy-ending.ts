// SPDX-License-Identifier: Apache-2.0
import type { Side, TimeLimitDoc } from "connect-stream/options";

/** How a policy ends a call, in words for the side that reads them. */
export interface Ending {
  /** What a limit of time does, and `when`. Nothing to tell of: no sentence. */
  readonly late: Readonly<Record<TimeLimitDoc["ends"], (when: string) => string | undefined>>;
  /** Something is too large, or too much. */
  readonly tooMuch: string;
}

const server: Ending = {
  late: {
    deadline_exceeded: (when) => `Ends with \`deadline_exceeded\` ${when}.`,
    unavailable: (when) => `Ends with \`unavailable\` ${when}.`,
    recv: (when) => `\`recv\` rejects with \`deadline_exceeded\` ${when}; the stream goes on.`,
  },
  tooMuch: "ends with `resource_exhausted`",
};

const unavailable = (when: string) => `Ends with \`unavailable\` ${when}; reconnect.`;

const client: Ending = { ...server, late: { ...server.late, unavailable } };

/** A side's own policy. */
export const ownEnding: Readonly<Record<Side, Ending>> = { server, client };

const cancels = (when: string) => `Cancels ${when}.`;
/** It concerns the other side's code alone. */
const recv = () => undefined;

/** The policy of the other side, as `server` and `client` see it. */
export const remoteEnding: Readonly<Record<Side, Ending>> = {
  client: { ...client, late: { ...client.late, recv } },
  // A server does not learn why a client leaves.
  server: { late: { deadline_exceeded: cancels, unavailable: cancels, recv }, tooMuch: "cancels" },
};
