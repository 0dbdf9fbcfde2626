// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Makes scenarios up. */
import fc from "fast-check";
import { wires } from "../../support/wires.js";
import { anyQueues } from "./bounds.js";
import { overrunTraits } from "./overruns.js";
import type {
  ClientAct,
  Ending,
  HandlerAct,
  JoinInit,
  Kind,
  Pause,
  Scenario,
  Step,
} from "./scenario.js";
import { unaryTraits } from "./unary.js";

const clientActs: Record<Kind, readonly ClientAct[]> = {
  unary: ["half-close", "half-close", "half-close", "close", "abort"],
  download: ["recv", "recv", "recv, briefly", "close", "abort"],
  upload: ["send", "send", "send", "half-close", "close", "abort"],
  chat: ["send", "send", "send", "recv", "recv", "recv, briefly", "half-close", "close", "abort"],
};

const ends: readonly HandlerAct[] = ["return", "throw an error", "throw anything"];
const handlerActs: Record<Kind, readonly HandlerAct[]> = {
  unary: ["look at the signal", "set headers", "set headers", ...ends],
  download: ["send", "send", "send", "send", "send headers", ...ends],
  upload: ["recv", "recv", "recv", "recv, briefly", "send headers", "answer", ...ends],
  chat: ["send", "send", "send", "recv", "recv", "recv, briefly", "send headers", ...ends],
};

/** Mostly small; some larger than a flow-control window, so that senders have to wait. */
const bytes = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: 0, max: 200 }) },
  { weight: 2, arbitrary: fc.integer({ min: 1000, max: 20_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 200_000 }) },
);

/** Mostly once; sometimes enough to overfill a queue at once. */
const times = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 2, max: 6 }) },
);

const pause: fc.Arbitrary<Pause> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ by: fc.constant("nobody"), turns: fc.integer({ min: 1, max: 10 }) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ by: fc.constant("nobody"), ms: fc.integer({ min: 1, max: 5 }) }),
  },
  { weight: 2, arbitrary: fc.constant({ by: "nobody", until: "called" }) },
);

/** What ends a call, or cuts it short. */
const endings: ReadonlySet<ClientAct | HandlerAct> = new Set([...ends, "close", "abort"]);

/** Any step; a `calm` one lets the call go on. */
function stepOf(kind: Kind, calm: boolean): fc.Arbitrary<Step> {
  const wanted = (act: ClientAct | HandlerAct) => !calm || !endings.has(act);
  const client = fc.record({
    by: fc.constant("client" as const),
    act: fc.constantFrom(...clientActs[kind].filter(wanted)),
    bytes,
    times,
  });
  const handler = fc.record({
    by: fc.constant("handler" as const),
    act: fc.constantFrom(...handlerActs[kind].filter(wanted)),
    bytes,
    times,
  });
  const network: fc.Arbitrary<Step> = fc.constant({ by: "network", act: "cut" });
  return fc.oneof(
    { weight: 10, arbitrary: client },
    { weight: 10, arbitrary: handler },
    { weight: 8, arbitrary: pause },
    { weight: calm ? 0 : 1, arbitrary: network },
  );
}

/** Any text, as metadata is to carry any; short, as headers are for little. */
const text = fc.string({ unit: "binary", maxLength: 8 });

const join: fc.Arbitrary<JoinInit> = fc.record({
  userId: text,
  level: fc.option(fc.integer(), { nil: undefined }),
  rooms: fc.array(text, { maxLength: 3 }),
  token: fc.uint8Array({ maxLength: 8 }),
});

const timeout = fc.integer({ min: 1, max: 40 });

/** Few, as most calls would end by theirs. */
const deadline = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: timeout },
);

function stepsOf(kind: Kind, calm: boolean): fc.Arbitrary<Step[]> {
  return fc.array(stepOf(kind, calm), { maxLength: 16, size: "max" });
}

function scenarioOf(kind: Exclude<Kind, "unary">): fc.Arbitrary<Scenario> {
  const usable = wires.filter(({ http }) => http === "2" || kind !== "chat");
  return fc.record({
    wire: fc.constantFrom(...usable),
    kind: fc.constant(kind),
    unary: fc.constant(undefined),
    declared: fc.option(join, { nil: undefined, freq: 2 }),
    queues: fc.record({ client: anyQueues, server: anyQueues }),
    timeoutMs: deadline,
    ...rest(kind),
    ending: fc.constantFrom<Ending>("return", "return", "throw", "close", "cut"),
  });
}

function unaryScenario(
  timeoutMs: fc.Arbitrary<number | undefined>,
  endings: readonly Ending[],
): fc.Arbitrary<Scenario> {
  return fc.record({
    wire: fc.constantFrom(...wires),
    kind: fc.constant("unary" as const),
    unary: unaryTraits,
    declared: fc.constant(undefined),
    queues: fc.constant({ client: {}, server: {} }),
    timeoutMs,
    ...rest("unary"),
    ending: fc.constantFrom(...endings),
  });
}

function rest(kind: Kind) {
  return {
    steps: fc.oneof(stepsOf(kind, false), stepsOf(kind, true)),
    rests: fc.boolean(),
    overrun: overrunTraits,
    inattentive: fc.boolean(),
  };
}

/** Unary calls on any wire. Those that wait for their deadline have one. */
const unaryScenarios: fc.Arbitrary<Scenario> = fc.oneof(
  { weight: 5, arbitrary: unaryScenario(deadline, ["return", "return", "throw", "close", "cut"]) },
  { weight: 1, arbitrary: unaryScenario(timeout, ["deadline"]) },
  { weight: 1, arbitrary: unaryScenario(fc.constant(undefined), ["race"]) },
);

/** Any call of any kind on any wire. */
export const scenarios: fc.Arbitrary<Scenario> = fc.oneof(
  unaryScenarios,
  scenarioOf("download"),
  scenarioOf("upload"),
  { weight: 2, arbitrary: scenarioOf("chat") },
);

/** The scenarios of `seed`, of all kinds or of unary calls alone; the same ones each time. */
export function sample(seed: number, count: number, only?: "unary"): Scenario[] {
  return fc.sample(only ? unaryScenarios : scenarios, { seed, numRuns: count });
}
