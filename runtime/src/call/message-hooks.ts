// SPDX-License-Identifier: Apache-2.0
/** What is told of each message of a stream. What is absent costs nothing. */
export interface MessageHooks {
  /** A message was handed over, of so many bytes. */
  readonly sent: ((bytes: number) => void) | undefined;
  /** A message has arrived, of so many bytes. */
  readonly received: ((bytes: number) => void) | undefined;
  /** A message had to wait for so many milliseconds. */
  readonly waited: ((ms: number) => void) | undefined;
}
