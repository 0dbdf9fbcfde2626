// SPDX-License-Identifier: Apache-2.0

/** How far a call has come, to be compared with how far it had come before. */
export interface Progress {
  /** Messages handed over to the transport. */
  readonly sent: number;
  /** Messages that arrived, read or not. */
  readonly received: number;
  /** Those of them that were read. */
  readonly taken: number;
  /** The `send` that has waited longest, if one waits: an object of its own for each. */
  readonly waiting: object | undefined;
}
