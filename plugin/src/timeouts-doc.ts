// SPDX-License-Identifier: Apache-2.0
import { reflect } from "@bufbuild/protobuf/reflect";
import {
  type StreamTimeouts,
  StreamTimeoutsSchema,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { type TimeLimitDoc, timeLimitDocs } from "connect-stream/options";
import type { Ending } from "./policy-ending.js";
import { duration } from "./units.js";

const declared: Readonly<Record<string, TimeLimitDoc | undefined>> = timeLimitDocs;

/** Timeouts, in sentences. `reader`: who reads what the side with them sends, if it streams. */
export function timeoutLines(
  timeouts: StreamTimeouts,
  { late }: Ending,
  reader: string | undefined,
): string[] {
  const message = reflect(StreamTimeoutsSchema, timeouts);
  return message.fields.flatMap((field) => {
    const limit = declared[field.localName];
    if (!limit || !message.isSet(field)) return [];
    const when = limit.when(duration(Number(message.get(field))), reader);
    return (when && late[limit.ends](when)) ?? [];
  });
}
