// SPDX-License-Identifier: Apache-2.0

/** How far a call has come, to be compared with how far it had come before. */
export interface Progress {
  /** Messages handed over to the transport. */
  readonly sent: number;
  /** Messages that arrived, read or not. */
  readonly received: number;
  /** Those of them that were read. */
  readonly taken: number;
  /** A number of its own for each message that has come to wait longest to be sent, if one waits. */
  readonly waiting: number | undefined;
}
