// SPDX-License-Identifier: Apache-2.0
import { expect, it } from "vitest";
import {
  type Declared,
  isGroup,
  resolve,
  type Scope,
  type Settings,
} from "../../runtime/src/options/declare.js";
import { callOptions } from "../../runtime/src/options/policy.js";

const chat: Scope = { side: "client", methodKind: "bidi_streaming" };

/** A value for each option that merges by itself; groups down to `depth`. */
function filled(
  settings: Settings,
  value: (path: string) => unknown,
  depth = 9,
  path = "",
): object {
  const fill = (key: string, declared: Declared) => {
    const inner = isGroup(declared) && !declared.atomic && depth > 0 && declared.settings;
    return inner ? filled(inner, value, depth - 1, `${path}${key}.`) : value(path + key);
  };
  return Object.fromEntries(
    Object.entries(settings).map(([key, declared]) => [key, fill(key, declared)]),
  );
}

const general = filled(callOptions, (path) => `general ${path}`);

it.each([0, 1, 2])("undefined overrides no option, %i levels deep", (depth) => {
  const none = filled(callOptions, () => undefined, depth);
  expect(resolve(callOptions, chat, general, none)).toEqual(general);
});

it("one option overrides no other", () => {
  const particular = { timeouts: { idleMs: 5 }, queues: { send: { whenFull: "fail" } } };
  expect(resolve<object>(callOptions, chat, general, particular)).toEqual({
    ...general,
    timeouts: { ...Reflect.get(general, "timeouts"), idleMs: 5 },
    queues: {
      ...Reflect.get(general, "queues"),
      send: {
        maxMessages: "general queues.send.maxMessages",
        maxBytes: "general queues.send.maxBytes",
        whenFull: "fail",
      },
    },
  });
});

it("options that are chosen together replace others as a whole", () => {
  const retry = { maxAttempts: 2 };
  expect(resolve<object>(callOptions, chat, { retry: { maxBackoffMs: 1 } }, { retry })).toEqual({
    retry,
  });
  expect(resolve<object>(callOptions, chat, { retry }, { retry: false })).toEqual({ retry: false });
});

it.each<[Scope, object]>([
  [{ side: "client", methodKind: "unary" }, { limits: { readMaxBytes: 4 } }],
  [
    { side: "client", methodKind: "client_streaming" },
    {
      timeouts: { idleMs: 1 },
      limits: { readMaxBytes: 4, readStreamMaxBytes: 5 },
      queues: { send: { maxBytes: 6 } },
    },
  ],
  [
    { side: "server", methodKind: "client_streaming" },
    {
      timeouts: { idleMs: 1, recvMs: 2 },
      limits: { readMaxBytes: 4, readStreamMaxBytes: 5 },
      queues: { receive: { maxBytes: 7 } },
    },
  ],
])("of %o there is only what has an effect", (scope, effective) => {
  const all = {
    timeouts: { idleMs: 1, recvMs: 2 },
    limits: { readMaxBytes: 4, readStreamMaxBytes: 5 },
    queues: { send: { maxBytes: 6 }, receive: { maxBytes: 7 } },
  };
  expect(resolve<object>(callOptions, scope, undefined, all)).toEqual(effective);
});
