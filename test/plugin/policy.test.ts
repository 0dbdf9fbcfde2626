// SPDX-License-Identifier: Apache-2.0
import {
  clone,
  create,
  type DescMessage,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FileDescriptorSetSchema,
  MethodOptionsSchema,
  ServiceOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import type { StreamClientOptions } from "connect-stream";
import {
  ClientPolicySchema,
  Code,
  HeartbeatSchema,
  MethodPolicySchema,
  method as methodOption,
  ServerPolicySchema,
  ServicePolicySchema,
  service as serviceOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { createStreamTransport } from "connect-stream/node";
import { isGroup, type Settings, schemaPolicy } from "connect-stream/options";
import { describe, expect, test } from "vitest";
import { createMonitorServiceClient } from "../../gen/monitor/v1/monitor_stream.js";
import { compile, filesOf, run } from "./harness.js";

const schema = await compile({
  "a.proto": `syntax = "proto3";
package p;
import "connectstream/v1/options.proto";
import "google/protobuf/wrappers.proto";
service S {
  rpc Unary(M) returns (M);
  rpc Download(M) returns (stream M);
  rpc Upload(stream M) returns (M);
  rpc Chat(stream M) returns (stream M);
}
message M {
  bool flag = 1;
  M message = 2;
  string text = 3;
  repeated M several = 4;
  google.protobuf.BoolValue wrapped = 5;
}`,
});

type Rpc = "Unary" | "Download" | "Upload" | "Chat";
type MethodInit = MessageInitShape<typeof MethodPolicySchema>;
type ServiceInit = MessageInitShape<typeof ServicePolicySchema>;

/** The schema with options of an RPC, of the service, or of both. */
function declare(rpc: Rpc, ofMethod?: MethodInit, ofService?: ServiceInit) {
  const set = clone(FileDescriptorSetSchema, schema);
  const service = set.file.find(({ name }) => name === "a.proto")?.service[0];
  const method = service?.method.find(({ name }) => name === rpc);
  if (!service || !method) throw new Error("the schema has changed");
  if (ofMethod) {
    method.options = create(MethodOptionsSchema);
    setExtension(method.options, methodOption, create(MethodPolicySchema, ofMethod));
  }
  if (ofService) {
    service.options = create(ServiceOptionsSchema);
    setExtension(service.options, serviceOption, create(ServicePolicySchema, ofService));
  }
  return { set, method, service };
}

/** What the generated code tells the runtime of `rpc`, on a side. */
function specOf(
  side: "server" | "client",
  rpc: Rpc,
  ofMethod?: MethodInit,
  ofService?: ServiceInit,
): string | undefined {
  const { set } = declare(rpc, ofMethod, ofService);
  const [content = ""] = filesOf(run(set, `target=js,sides=${side}`)).values();
  return content.match(new RegExp(`^ {4}${rpc.toLowerCase()}: (.*),$`, "m"))?.[1];
}

function errorOf(rpc: Rpc, ofMethod?: MethodInit, ofService?: ServiceInit): string {
  return run(declare(rpc, ofMethod, ofService).set).error;
}

describe("a method's options go before those of its service", () => {
  const general: ServiceInit = {
    server: { timeouts: { sendMs: 1, maxAgeMs: 2 }, limits: { readMaxBytes: 3 } },
    client: { timeoutMs: 4, retry: { maxAttempts: 5, maxBackoffMs: 6 } },
  };

  test("key by key", () => {
    const particular: MethodInit = {
      server: { timeouts: { maxAgeMs: 7, idleMs: 8 }, limits: { writeStreamMaxBytes: 9n } },
    };
    expect(specOf("server", "Chat", particular, general)).toBe(
      "{ policy: { timeouts: { idleMs: 8, sendMs: 1, maxAgeMs: 7 }, limits: { readMaxBytes: 3, writeStreamMaxBytes: 9 } } }",
    );
    expect(specOf("client", "Chat", particular, general)).toBe(
      "{ policy: { timeoutMs: 4, retry: { maxAttempts: 5, maxBackoffMs: 6 } } }",
    );
  });

  test("a retry policy is one key", () => {
    const particular: MethodInit = { client: { retry: { maxAttempts: 2 } } };
    expect(specOf("client", "Chat", particular, general)).toBe(
      "{ policy: { timeoutMs: 4, retry: { maxAttempts: 2 } } }",
    );
    expect(specOf("client", "Chat", { client: { retry: {} } }, general)).toContain("retry: {} ");
  });

  test("a service's options are left out where they have no effect", () => {
    const all: ServiceInit = {
      server: {
        timeouts: { recvMs: 1, sendMs: 2 },
        limits: { readMaxBytes: 3, readStreamMaxBytes: 4n },
      },
      client: { timeouts: { recvMs: 5, idleMs: 6 }, limits: { readMaxBytes: 7 }, timeoutMs: 8 },
    };
    expect(specOf("server", "Unary", {}, all)).toBe("{ policy: { limits: { readMaxBytes: 3 } } }");
    expect(specOf("client", "Unary", {}, all)).toBe(
      "{ policy: { limits: { readMaxBytes: 7 }, timeoutMs: 8 } }",
    );
    expect(specOf("server", "Download", {}, all)).not.toContain("recvMs");
    expect(specOf("client", "Download", {}, all)).toContain("recvMs: 5");
    expect(specOf("client", "Upload", {}, all)).not.toContain("recvMs");
    expect(specOf("server", "Upload", {}, all)).toContain("recvMs: 1");
  });

  test("options that set nothing leave no trace", () => {
    const empty: MethodInit = { server: { timeouts: {}, limits: {} }, client: {} };
    expect(specOf("server", "Chat", empty, { server: {} })).toBeUndefined();
    expect(run(declare("Chat", empty, { client: { timeouts: {} } }).set)).toEqual(
      run(declare("Chat").set),
    );
  });
});

test.each([
  [Code.CANCELED, "Code.Canceled"],
  [Code.DEADLINE_EXCEEDED, "Code.DeadlineExceeded"],
  [Code.DATA_LOSS, "Code.DataLoss"],
  [Code.UNAUTHENTICATED, "Code.Unauthenticated"],
])("code %i is %s in generated code", (code, name) => {
  const policy: MethodInit = { client: { retry: { retryableCodes: [code] } } };
  expect(specOf("client", "Chat", policy)).toContain(`retryableCodes: [${name}]`);
});

const ofMethod = "a.proto: rpc p.S.Chat: option (connectstream.v1.method)";
const newerCode: number = 17;
const newerChoice: number = 4;
const milliseconds = "allowed: a whole number from 1 to 2147483647";

test.each<[MethodInit, string]>([
  [{ server: { timeouts: { firstMessageMs: 0 } } }, "first_message_ms: invalid value 0, allowed"],
  [{ server: { timeouts: { idleMs: 0 } } }, `idle_ms: invalid value 0, ${milliseconds}`],
  [
    { client: { timeouts: { recvMs: 2 ** 31 } } },
    `recv_ms: invalid value 2147483648, ${milliseconds}`,
  ],
  [{ client: { timeouts: { maxAgeMs: 0 } } }, ".client.timeouts.max_age_ms: invalid value 0"],
  [{ client: { timeoutMs: 0 } }, `.client.timeout_ms: invalid value 0, ${milliseconds}`],
  [{ server: { limits: { readMaxBytes: 0 } } }, ".server.limits.read_max_bytes: invalid value 0"],
  [{ server: { limits: { writeMaxBytes: 0 } } }, "allowed: a whole number from 1 to 4294967295"],
  [{ server: { limits: { readStreamMaxBytes: 0n } } }, "a whole number from 1 to 9007199254740991"],
  [{ server: { limits: { writeStreamMaxBytes: 2n ** 53n } } }, "invalid value 9007199254740992"],
  [
    { server: { queues: { send: { maxMessages: 0 } } } },
    ".queues.send.max_messages: invalid value 0",
  ],
  [
    { client: { queues: { receive: { maxBytes: 0n } } } },
    ".queues.receive.max_bytes: invalid value 0",
  ],
  [
    { server: { queues: { send: { whenFull: newerChoice } } } },
    "when_full: invalid value 4, allowed: WHEN_FULL_WAIT, WHEN_FULL_FAIL, WHEN_FULL_DROP_OLDEST",
  ],
  [{ client: { retry: { maxAttempts: 1 } } }, "max_attempts: invalid value 1, allowed: a whole"],
  [
    { client: { retry: { maxAttempts: 6 } } },
    "invalid value 6, allowed: a whole number from 2 to 5",
  ],
  [{ client: { retry: { initialBackoffMs: 0 } } }, ".retry.initial_backoff_ms: invalid value 0"],
  [{ client: { retry: { maxBackoffMs: 0 } } }, ".retry.max_backoff_ms: invalid value 0"],
  [
    { client: { retry: { backoffMultiplier: 0 } } },
    "allowed: a number, more than 0 and at most 1000",
  ],
  [
    { client: { retry: { backoffMultiplier: Number.NaN } } },
    "backoff_multiplier: invalid value NaN",
  ],
  [
    { client: { retry: { backoffMultiplier: Number.POSITIVE_INFINITY } } },
    "backoff_multiplier: invalid value Infinity",
  ],
  [
    { client: { retry: { retryableCodes: [Code.UNSPECIFIED] } } },
    ".client.retry.retryable_codes: invalid value CODE_UNSPECIFIED, allowed: CODE_CANCELED, CODE_UNK",
  ],
  [
    { client: { retry: { retryableCodes: [Code.UNAVAILABLE, newerCode] } } },
    ".retryable_codes: invalid value 17, allowed",
  ],
  [
    { client: { retry: { throttling: { tokenRatio: 0.1 } } } },
    ".max_tokens: invalid value 0, allowed",
  ],
  [{ client: { retry: { throttling: { maxTokens: 1001 } } } }, "a whole number from 1 to 1000"],
  [
    { client: { retry: { throttling: { maxTokens: 9 } } } },
    ".throttling.token_ratio: invalid value 0",
  ],
  [{ client: { retry: { maxBufferBytes: 2 ** 31 + 1 } } }, "from 0 to 2147483648"],
  [{ heartbeat: { field: "flag" } }, `.heartbeat.interval_ms: invalid value 0, ${milliseconds}`],
])("%o is refused, with what is allowed", (policy, message) => {
  const error = errorOf("Chat", policy);
  expect(error).toContain(message);
  expect(error).toMatch(/^[^\n]*$/);
  expect(error.startsWith(ofMethod)).toBe(true);
  if (policy.heartbeat) return;
  const general = errorOf("Chat", undefined, policy as ServiceInit);
  expect(general).toBe(
    error.replace("rpc p.S.Chat", "service p.S").replace(".method)", ".service)"),
  );
});

test.each<[Rpc, MethodInit, string]>([
  [
    "Unary",
    { server: { timeouts: { idleMs: 1 } } },
    ".server.timeouts has no effect on the server",
  ],
  ["Unary", { server: { limits: { readStreamMaxBytes: 1n } } }, "read_stream_max_bytes has no eff"],
  ["Unary", { server: { queues: {} } }, "allowed: limits.read_max_bytes, limits.write_max_bytes"],
  ["Unary", { client: { timeouts: { idleMs: 1 } } }, "a unary RPC, allowed: timeout_ms, retry"],
  [
    "Unary",
    { client: { limits: { writeStreamMaxBytes: 1n } } },
    ".client.limits.write_stream_max_bytes has no effect on the client of a unary RPC",
  ],
  ["Unary", { client: { queues: {} } }, "retry, limits.read_max_bytes, limits.write_max_bytes"],
  ["Unary", { client: { queues: { send: { maxMessages: 1 } } } }, ".client.queues has no effect"],
  ["Upload", { server: { queues: { send: {} } } }, "which sends one response"],
  [
    "Download",
    { server: { queues: { receive: {} } } },
    "whose handler gets its one request as an argument",
  ],
  ["Download", { client: { queues: { send: {} } } }, "which sends one request"],
  ["Upload", { client: { queues: { receive: {} } } }, "receives one response"],
  [
    "Download",
    { server: { timeouts: { recvMs: 1 } } },
    "whose handler gets its one request as an argument",
  ],
  ["Upload", { client: { timeouts: { recvMs: 1 } } }, "receives one response"],
  ["Unary", { heartbeat: { field: "flag", intervalMs: 1 } }, "Unary has one response"],
  ["Upload", { heartbeat: { field: "flag", intervalMs: 1 } }, "Upload has one response"],
])("%s with %o is refused, with the reason", (rpc, policy, message) => {
  expect(errorOf(rpc, policy)).toContain(message);
});

describe("a heartbeat's field", () => {
  const declared = (field: string) => errorOf("Download", { heartbeat: { field, intervalMs: 1 } });

  test.each(["flag", "message"])("%s can be it", (field) => {
    expect(declared(field)).toBe("");
  });

  test.each([
    ["", 'invalid value "", allowed: a bool or message field of p.M: flag, message'],
    ["Flag", 'invalid value "Flag", allowed'],
    ["text", 'invalid value "text", which is neither a bool nor a message, allowed'],
    ["several", "which is neither a bool nor a message"],
    ["wrapped", "which is a wrapper"],
    ["a\nb", 'invalid value "a\\nb"'],
  ])("%j cannot", (field, message) => {
    expect(declared(field)).toContain(message);
  });

  test("must be all that the message needs", async () => {
    const source = (more: string) => `syntax = "proto2";
      package p;
      import "connectstream/v1/options.proto";
      service S {
        rpc Watch(M) returns (stream M) {
          option (connectstream.v1.method).heartbeat = { field: "beat" interval_ms: 1 };
        }
      }
      message M { ${more} }
      message Beat { required bool on = 1; }`;
    const error = async (more: string) => run(await compile({ "a.proto": source(more) })).error;
    expect(await error("required bool beat = 1; optional string text = 2;")).toBe("");
    expect(await error("optional bool beat = 1; required string text = 2;")).toContain(
      'field: invalid value "beat": a heartbeat sets no other field, but field p.M.text is required',
    );
    expect(await error("optional Beat beat = 1;")).toContain("field p.Beat.on is required");
    expect(await error("optional string text = 1;")).toContain("of p.M, which has none yet");
  });
});

describe("options that this version cannot follow", () => {
  const unknown = { no: 99, wireType: 0, data: new Uint8Array([1]) };

  test("a field that it does not know is refused", () => {
    const policy = create(MethodPolicySchema, { server: { timeouts: { sendMs: 1 } } });
    if (policy.server?.timeouts) policy.server.timeouts.$unknown = [unknown];
    expect(errorOf("Chat", policy)).toBe(
      `${ofMethod}.server.timeouts has field 99 of connectstream.v1.StreamTimeouts, ` +
        "which this version of protoc-gen-connect-stream does not know: use a newer one",
    );
    const general = create(ServicePolicySchema, { errors: [{}] });
    for (const error of general.errors) error.$unknown = [unknown];
    expect(errorOf("Chat", undefined, general)).toContain(".errors has field 99 of connectstream");
  });

  test("bytes that are no option are refused", () => {
    const { set, method } = declare("Chat", {});
    const bytes = new Uint8Array([4, 10, 99, 1, 1]);
    for (const option of method.options?.$unknown ?? []) Object.assign(option, { data: bytes });
    expect(run(set).error).toContain(`${ofMethod} is malformed: `);
  });
});

test("options of a request without their file are somebody else's", () => {
  const { set } = declare("Chat", { client: { timeoutMs: 0 } });
  for (const file of set.file) file.dependency = file.dependency.filter((name) => !/^c/.test(name));
  set.file = set.file.filter(({ name }) => name !== "connectstream/v1/options.proto");
  expect(run(set).error).toBe("");
});

describe("options.proto has the options that the runtime declares", () => {
  const named = (settings: Settings): object =>
    Object.fromEntries(
      Object.entries(settings).map(([key, declared]) => [
        key,
        isGroup(declared) ? named(declared.settings) : "a value",
      ]),
    );
  const fields = (message: DescMessage): object =>
    Object.fromEntries(
      message.fields.map((field) => [
        field.localName,
        field.message ? fields(field.message) : "a value",
      ]),
    );

  test.each([
    ["server", ServerPolicySchema],
    ["client", ClientPolicySchema],
  ] as const)("of a %s", (side, message) => {
    expect(fields(message)).toEqual(named(schemaPolicy[side].settings));
  });

  test("of heartbeats, whose field has rules of its own", () => {
    const { field: _, ...others } = { field: "", ...fields(HeartbeatSchema) };
    expect(others).toEqual(named(schemaPolicy.heartbeat.settings));
  });
});

describe("the generator and the runtime have the same limits", () => {
  const transport = createStreamTransport({ baseUrl: "http://127.0.0.1:1", protocol: "grpc" });
  const accepts = (options: StreamClientOptions): boolean => {
    try {
      createMonitorServiceClient(transport, options);
      return true;
    } catch (error) {
      expect(error).toBeInstanceOf(RangeError);
      return false;
    }
  };
  const around = (...bounds: number[]) => bounds.flatMap((bound) => [bound - 1, bound, bound + 1]);

  test.each([
    ["firstMessageMs", around(1, 2 ** 31 - 1)],
    ["idleMs", around(1, 2 ** 31 - 1)],
    ["recvMs", around(1, 2 ** 31 - 1)],
    ["sendMs", around(1, 2 ** 31 - 1)],
    ["maxAgeMs", around(1, 2 ** 31 - 1)],
  ] as const)("timeouts.%s", (key, values) => {
    for (const value of values) {
      const timeouts = { [key]: value };
      expect([value, errorOf("Chat", { client: { timeouts } }) === ""]).toEqual([
        value,
        accepts({ timeouts }),
      ]);
    }
  });

  test.each([
    ["readMaxBytes", around(1)],
    ["writeMaxBytes", around(1)],
  ] as const)("limits.%s", (key, values) => {
    for (const value of values) {
      const limits = { [key]: value };
      expect([value, errorOf("Chat", { client: { limits } }) === ""]).toEqual([
        value,
        accepts({ limits }),
      ]);
    }
  });

  test.each([
    ["maxMessages", around(1, 2 ** 32 - 2)],
    ["maxBytes", [0n, 1n]],
  ] as const)("queues.send.%s", (key, values) => {
    for (const value of values) {
      const generates = errorOf("Chat", { client: { queues: { send: { [key]: value } } } }) === "";
      const queues = { send: { [key]: Number(value) } };
      expect([value, generates]).toEqual([value, accepts({ queues })]);
    }
  });

  test.each([
    ["initialBackoffMs", around(1, 2 ** 31 - 1)],
    ["maxBackoffMs", around(1, 2 ** 31 - 1)],
    ["backoffMultiplier", [0, 0.5, 1000, 1001]],
    ["maxBufferBytes", [0, 2 ** 31, 2 ** 31 + 1]],
    ["maxAttempts", [0, 1, 2, 5]],
  ] as const)("retry.%s", (key, values) => {
    for (const value of values) {
      const retry = { [key]: value };
      expect([value, errorOf("Chat", { client: { retry } }) === ""]).toEqual([
        value,
        accepts({ retry }),
      ]);
    }
  });
});
