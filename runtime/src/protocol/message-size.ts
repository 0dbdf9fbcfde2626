// SPDX-License-Identifier: Apache-2.0
import { type DescMessage, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { Bounds } from "../call/bounds.js";
import type { StreamLimits } from "../options/limits.js";
import { streamMeter } from "./stream-size.js";
import { toMessage } from "./to-message.js";

/** Throws for a message that goes beyond a limit. */
export type Check = (message: object) => void;

/**
 * Checks messages where only they are at hand, and not the bytes that they travel in: on adapters
 * and transports of Connect's own. So each is serialized once more, to know its size.
 */
export function checkOf(
  desc: DescMessage,
  limits: StreamLimits,
  way: "read" | "write",
): Check | undefined {
  const name = `${way}MaxBytes` as const;
  const most = limits[name];
  const count = streamMeter(limits, `${way}StreamMaxBytes`);
  if (most === undefined && !count) return undefined;
  return (message) => {
    const byteLength = sizeOf(desc, message);
    if (most !== undefined && byteLength > most) {
      throw new ConnectError(
        `message size ${byteLength} is larger than configured ${name} ${most}`,
        Code.ResourceExhausted,
      );
    }
    count?.(byteLength);
  };
}

/** How to know the bytes of a message, if they count for the bounds of a queue. */
export function measureOf(
  desc: DescMessage,
  bounds: Bounds | undefined,
): ((message: object) => number) | undefined {
  if (!bounds?.counted) return undefined;
  return (message) => {
    try {
      return sizeOf(desc, message);
    } catch (thrown) {
      throw ConnectError.from(thrown, Code.Internal);
    }
  };
}

/** What knows the sizes of messages, for a client that may do without. */
export interface MessageSizes {
  readonly checkOf: typeof checkOf;
  readonly measureOf: typeof measureOf;
}

export const messageSizes: MessageSizes = { checkOf, measureOf };

function sizeOf(desc: DescMessage, message: object): number {
  return toBinary(desc, toMessage(desc, message)).byteLength;
}
