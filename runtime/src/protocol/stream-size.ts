// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamLimits } from "../options/limits.js";
import type { Parse } from "./element-limit.js";

type Total = "readStreamMaxBytes" | "writeStreamMaxBytes";

/**
 * Counts the bytes of one direction of a stream, and throws `resource_exhausted` when they are too
 * many. `undefined` where there is no limit.
 */
export function streamMeter(
  limits: Pick<StreamLimits, Total>,
  name: Total,
): ((bytes: number) => void) | undefined {
  const limit = limits[name];
  if (limit === undefined) return undefined;
  let total = 0;
  return (bytes) => {
    total += bytes;
    if (total <= limit) return;
    throw new ConnectError(
      `stream size ${total} is larger than configured ${name} ${limit}`,
      Code.ResourceExhausted,
    );
  };
}

/** `parse`, for a stream of which only so much is received. */
export function meteredParse<T>(
  parse: Parse<T>,
  limits: Pick<StreamLimits, Total> | undefined,
): Parse<T> {
  const count = limits && streamMeter(limits, "readStreamMaxBytes");
  if (!count) return parse;
  return (data, travelled) => {
    count(data.byteLength);
    return parse(data, travelled);
  };
}

/** `serialize`, for a stream of which only so much is sent. */
export function meteredSerialize<T>(
  serialize: (message: T) => Uint8Array,
  limits: Pick<StreamLimits, Total> | undefined,
): (message: T) => Uint8Array {
  const count = limits && streamMeter(limits, "writeStreamMaxBytes");
  if (!count) return serialize;
  return (message) => {
    const data = serialize(message);
    count(data.byteLength);
    return data;
  };
}
