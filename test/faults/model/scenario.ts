// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";
import { type Wire, wires } from "../../support/wires.js";

export type Kind = "download" | "upload" | "chat";

/** What the client does next. */
export type ClientAct = "send" | "recv" | "recv, briefly" | "half-close" | "close" | "abort";

/** What the handler does next; after it has ended, too. */
export type HandlerAct =
  | "send"
  | "recv"
  | "recv, briefly"
  | "send headers"
  | "answer"
  | "return"
  | "throw an error"
  | "throw anything";

export type Step =
  | { readonly by: "client"; readonly act: ClientAct; readonly bytes: number }
  | { readonly by: "handler"; readonly act: HandlerAct; readonly bytes: number }
  | { readonly by: "network"; readonly act: "cut" }
  /** Lets what is on its way arrive, for so many turns of the event loop. */
  | { readonly by: "nobody"; readonly turns: number };

/** What ends a call that its steps have not ended. */
export type Ending = "return" | "throw" | "close" | "cut";

/** One call, and everything that is done to it. */
export interface Scenario {
  readonly wire: Wire;
  readonly kind: Kind;
  /** The call's deadline. */
  readonly timeoutMs: number | undefined;
  readonly steps: readonly Step[];
  readonly ending: Ending;
  /** Nobody looks at any promise before the end. */
  readonly inattentive: boolean;
}

const clientActs: Record<Kind, readonly ClientAct[]> = {
  download: ["recv", "recv", "recv, briefly", "close", "abort"],
  upload: ["send", "send", "send", "half-close", "close", "abort"],
  chat: ["send", "send", "send", "recv", "recv", "recv, briefly", "half-close", "close", "abort"],
};

const ends = ["return", "throw an error", "throw anything"] as const;
const handlerActs: Record<Kind, readonly HandlerAct[]> = {
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

function stepOf(kind: Kind): fc.Arbitrary<Step> {
  const client = fc.record({
    by: fc.constant("client" as const),
    act: fc.constantFrom(...clientActs[kind]),
    bytes,
  });
  const handler = fc.record({
    by: fc.constant("handler" as const),
    act: fc.constantFrom(...handlerActs[kind]),
    bytes,
  });
  const nobody = fc.record({
    by: fc.constant("nobody" as const),
    turns: fc.integer({ min: 1, max: 10 }),
  });
  const network: fc.Arbitrary<Step> = fc.constant({ by: "network", act: "cut" });
  return fc.oneof(
    { weight: 10, arbitrary: client },
    { weight: 10, arbitrary: handler },
    { weight: 8, arbitrary: nobody },
    { weight: 1, arbitrary: network },
  );
}

function scenarioOf(kind: Kind): fc.Arbitrary<Scenario> {
  const usable = wires.filter(({ http }) => http === "2" || kind !== "chat");
  return fc.record({
    wire: fc.constantFrom(...usable),
    kind: fc.constant(kind),
    timeoutMs: fc.option(fc.integer({ min: 1, max: 40 }), { nil: undefined, freq: 8 }),
    steps: fc.array(stepOf(kind), { maxLength: 16, size: "max" }),
    ending: fc.constantFrom<Ending>("return", "return", "throw", "close", "cut"),
    inattentive: fc.boolean(),
  });
}

/** Any call of any kind on any wire. */
export const scenarios: fc.Arbitrary<Scenario> = fc.oneof(
  scenarioOf("download"),
  scenarioOf("upload"),
  { weight: 2, arbitrary: scenarioOf("chat") },
);

/** The scenarios of `seed`; the same ones each time. */
export function sample(seed: number, count: number): Scenario[] {
  return fc.sample(scenarios, { seed, numRuns: count });
}

/** Whether anything in it breaks the connection, so that it needs one of its own. */
export function cuts({ steps, ending }: Scenario): boolean {
  return ending === "cut" || steps.some(({ by }) => by === "network");
}
