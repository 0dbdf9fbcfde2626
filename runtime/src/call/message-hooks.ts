// SPDX-License-Identifier: Apache-2.0
import type { MessageSink } from "./sender.js";

/** What is told of each message of a stream. What is absent costs nothing. */
export interface MessageHooks {
  /** A message was handed over, of so many bytes. */
  readonly sent: ((bytes: number) => void) | undefined;
  /** A message has arrived, of so many bytes. */
  readonly received: ((bytes: number) => void) | undefined;
  /** A message had to wait for so many milliseconds. */
  readonly waited: ((ms: number) => void) | undefined;
}

/** `sink`, telling each message that is handed over. `bytes`: those of one frame. */
export function hookedSink<T, F>(
  sink: MessageSink<T, F>,
  tap: MessageHooks | undefined,
  bytes: (frame: F) => number,
): MessageSink<T, F> {
  const sent = tap?.sent;
  if (!sent) return sink;
  return {
    get size() {
      return sink.size;
    },
    encode: (message) => sink.encode(message),
    write(frame) {
      const open = sink.write(frame);
      sent(bytes(frame));
      return open;
    },
  };
}
