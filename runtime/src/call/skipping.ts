// SPDX-License-Identifier: Apache-2.0
import type { MessageSource } from "./receiver.js";

/** `source` without the messages that `skip` is true of. It is asked once for each. */
export function skipping<T>(
  source: MessageSource<T>,
  skip: ((message: T) => boolean) | undefined,
): MessageSource<T> {
  if (!skip) return source;
  return {
    take() {
      let message = source.take();
      while (message !== undefined && skip(message)) message = source.take();
      return message;
    },
  };
}
