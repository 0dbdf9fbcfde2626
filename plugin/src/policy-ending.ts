// SPDX-License-Identifier: Apache-2.0
import type { Side } from "./policy-rules.js";

/** How a policy ends a call, in words for the side that reads them. */
export interface Ending {
  /** Something takes too long. */
  readonly late: string;
  /** The stream is too old. */
  readonly old: (age: string) => string;
  /** Something is too large, or too much. */
  readonly tooMuch: string;
}

const server: Ending = {
  late: "Ends with `deadline_exceeded`",
  old: (age) => `Ends with \`unavailable\` after ${age}`,
  tooMuch: "ends with `resource_exhausted`",
};

const client: Ending = { ...server, old: (age) => `${server.old(age)}; reconnect` };

/** A side's own policy. */
export const ownEnding: Readonly<Record<Side, Ending>> = { server, client };

/** The policy of the other side, as `server` and `client` see it. */
export const remoteEnding: Readonly<Record<Side, Ending>> = {
  client,
  // A server does not learn why a client leaves.
  server: { late: "Cancels", old: (age) => `Cancels after ${age}`, tooMuch: "cancels" },
};
