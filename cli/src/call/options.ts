// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The options of `call`. */
import { connectionOptions } from "../connection.js";
import { parseCount, parseDuration } from "../duration.js";
import { UsageError } from "../exit.js";
import { type Options, type Parsed, parseOptions } from "../options.js";
import { schemaOption } from "../schema/open.js";

/** All options of `call`. */
export const callOptions = {
  data: {
    type: "string",
    short: "d",
    multiple: true,
    value: "JSON",
    help: "a message, @FILE for its lines or @- for standard input; may be repeated",
  },
  ...schemaOption,
  ...connectionOptions,
  timeout: { type: "string", value: "TIME", help: "deadline of the call, such as 500ms or 10s" },
  interval: { type: "string", value: "TIME", help: "wait between sent messages" },
  count: { type: "string", short: "n", value: "N", help: "cancel after N received messages" },
  resume: {
    type: "string",
    multiple: true,
    value: "FIELD",
    help: "reconnect a lost call, with FIELD of the last message in the request; REQUEST=MESSAGE if the names differ",
  },
  record: { type: "string", value: "FILE", help: "write the call as a script" },
  replay: { type: "string", value: "FILE", help: "play a script and compare the responses" },
  "emit-defaults": { type: "boolean", help: "show fields with default values" },
  timestamps: { type: "boolean", help: 'write {"time": …, "message": …}' },
  summary: { type: "boolean", help: "show messages, bytes and rates at the end" },
  verbose: { type: "boolean", short: "v", help: "show headers and trailers" },
} as const satisfies Options;

/** A command line of `call`, checked as far as it is without a schema. */
export interface CallSettings {
  readonly values: Parsed<typeof callOptions>["values"];
  readonly url: string;
  readonly rpc: string;
  readonly timeoutMs: number | undefined;
  readonly intervalMs: number;
  readonly count: number;
}

/** Reads the command line. Throws a `UsageError`. */
export function parseCall(args: readonly string[]): CallSettings {
  const { values, positionals } = parseOptions(callOptions, args);
  const [url, rpc, ...more] = positionals;
  if (url === undefined || rpc === undefined || more.length > 0) {
    throw new UsageError("call takes a URL and SERVICE/METHOD; messages go to --data");
  }
  if (values.replay !== undefined) {
    const clash = (["data", "resume", "record", "interval", "count"] as const).find(
      (name) => values[name] !== undefined,
    );
    if (clash) throw new UsageError(`--replay and --${clash} can't be combined`);
  }
  const { timeout, interval, count } = values;
  return {
    values,
    url,
    rpc,
    timeoutMs: timeout === undefined ? undefined : parseDuration("timeout", timeout),
    intervalMs: interval === undefined ? 0 : parseDuration("interval", interval),
    count: count === undefined ? Number.POSITIVE_INFINITY : parseCount("count", count),
  };
}
