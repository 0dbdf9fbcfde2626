// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a policy may say: for each option, and for each kind of RPC. */
import type { DescField, DescMethod } from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage } from "@bufbuild/protobuf/reflect";
import { CodeSchema, WhenFullSchema } from "connect-stream/gen/connectstream/v1/options_pb.js";
import { SchemaError } from "./schema-error.js";

/** The side that a policy is for. */
export type Side = "server" | "client";

/** What an option may be. */
interface Rule {
  /** As shown to the user. */
  readonly allowed: string;
  accepts(value: unknown): boolean;
  /** Without a value the message that it belongs to says nothing. */
  readonly required?: true;
}

/** The longest that a timer of JavaScript can wait, in milliseconds: 24.8 days. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** The largest message that Connect allows. */
const MAX_MESSAGE_BYTES = 2 ** 32 - 1;

const milliseconds = whole(1, MAX_TIMER_MS);
const messageBytes = whole(1, MAX_MESSAGE_BYTES);
const streamBytes = whole(1, Number.MAX_SAFE_INTEGER);

/** By message and field. The runtime has the same limits for code; a test compares. */
const rules: ReadonlyMap<string, Rule> = new Map(
  Object.entries({
    "StreamTimeouts.first_message_ms": milliseconds,
    "StreamTimeouts.idle_ms": milliseconds,
    "StreamTimeouts.recv_ms": milliseconds,
    "StreamTimeouts.send_ms": milliseconds,
    "StreamTimeouts.max_age_ms": milliseconds,
    "StreamLimits.read_max_bytes": messageBytes,
    "StreamLimits.write_max_bytes": messageBytes,
    "StreamLimits.read_stream_max_bytes": streamBytes,
    "StreamLimits.write_stream_max_bytes": streamBytes,
    "QueueBounds.max_messages": whole(1, 2 ** 32 - 1),
    "QueueBounds.max_bytes": streamBytes,
    "QueueBounds.when_full": name(WhenFullSchema.values),
    "ClientPolicy.timeout_ms": milliseconds,
    "RetryPolicy.max_attempts": whole(2, 5),
    "RetryPolicy.initial_backoff_ms": milliseconds,
    "RetryPolicy.max_backoff_ms": milliseconds,
    "RetryPolicy.backoff_multiplier": above0(1000),
    "RetryPolicy.retryable_codes": name(CodeSchema.values),
    "RetryPolicy.max_buffer_bytes": whole(0, 2 ** 31),
    "RetryThrottling.max_tokens": { ...whole(1, 1000), required: true },
    "RetryThrottling.token_ratio": { ...above0(1000), required: true },
    "Heartbeat.interval_ms": { ...milliseconds, required: true },
  } satisfies Record<string, Rule>),
);

/** Throws a `SchemaError` for an invalid value. `where`: what has `message` in the schema. */
export function checkValues(where: string, message: ReflectMessage): void {
  for (const field of message.fields) {
    const rule = rules.get(`${message.desc.name}.${field.name}`);
    if (!message.isSet(field) && !rule?.required) continue;
    const path = `${where}.${field.name}`;
    const values = field.fieldKind === "list" ? message.get(field) : [message.get(field)];
    for (const value of values) {
      if (isReflectMessage(value)) checkValues(path, value);
      else if (rule && !rule.accepts(value)) {
        throw new SchemaError(
          `${path}: invalid value ${shown(field, value)}, allowed: ${rule.allowed}`,
        );
      }
    }
  }
}

function shown(field: DescField, value: unknown): string {
  return field.enum?.values.find(({ number }) => number === value)?.name ?? String(value);
}

/** What has no effect on an RPC of some kind: options, with all that is in them, and the reason. */
interface Ineffective {
  readonly paths: readonly string[];
  readonly because: string;
}

const ineffective: Readonly<Record<Side, Partial<Record<DescMethod["methodKind"], Ineffective>>>> =
  {
    server: {
      unary: {
        paths: [
          ...["timeouts", "queues"],
          ...["limits.read_stream_max_bytes", "limits.write_stream_max_bytes"],
        ],
        because: "a unary RPC, allowed: limits.read_max_bytes, limits.write_max_bytes",
      },
      server_streaming: {
        paths: ["timeouts.recv_ms", "queues.receive"],
        because: "a server-streaming RPC, whose handler is given the one request",
      },
      client_streaming: {
        paths: ["queues.send"],
        because: "a client-streaming RPC, which sends one response",
      },
    },
    client: {
      unary: {
        paths: ["timeouts", "limits", "queues"],
        because: "a unary RPC, allowed: timeout_ms, retry",
      },
      server_streaming: {
        paths: ["queues.send"],
        because: "a server-streaming RPC, which sends one request",
      },
      client_streaming: {
        paths: ["timeouts.recv_ms", "queues.receive"],
        because: "a client-streaming RPC, which receives its response once or never",
      },
    },
  };

/** Why the option at `path` of a side's policy has no effect on an RPC, or `undefined` if it has. */
export function whyIneffective(
  { methodKind }: DescMethod,
  side: Side,
  path: string,
): string | undefined {
  const found = ineffective[side][methodKind];
  if (!found?.paths.includes(path)) return undefined;
  return `has no effect on the ${side} of ${found.because}`;
}

function whole(min: number, max: number): Rule {
  return {
    allowed: `a whole number from ${min} to ${max}`,
    accepts: (value) => {
      const number = Number(value);
      return Number.isInteger(number) && number >= min && number <= max;
    },
  };
}

function above0(max: number): Rule {
  return {
    allowed: `a number above 0, up to ${max}`,
    accepts: (value) => typeof value === "number" && value > 0 && value <= max,
  };
}

/** A value of an enum, but not the one that says nothing. */
function name(values: readonly { readonly name: string; readonly number: number }[]): Rule {
  const named = values.filter(({ number }) => number !== 0);
  return {
    allowed: named.map((value) => value.name).join(", "),
    accepts: (value) => named.some(({ number }) => number === value),
  };
}
