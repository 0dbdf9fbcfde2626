// SPDX-License-Identifier: Apache-2.0
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StreamQueues } from "connect-stream";
import fc from "fast-check";
import type { JoinSchema } from "../../support/gen/lab/v1/metadata_pb.js";
import { type Wire, wires } from "../../support/wires.js";
import { anyQueues } from "./bounds.js";

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

export type Step = Act | { readonly by: "network"; readonly act: "cut" } | Pause;

/** What one side does, so many times. */
export type Act = { readonly bytes: number; readonly times: number } & (
  | { readonly by: "client"; readonly act: ClientAct }
  | { readonly by: "handler"; readonly act: HandlerAct }
);

/** Lets what is on its way arrive: */
export type Pause = { readonly by: "nobody" } & (
  | /** for so many turns of the event loop */ { readonly turns: number }
  | /** for so long, in milliseconds, that heartbeats may be due */ { readonly ms: number }
  | /** until the handler is called, if it ever is */ { readonly until: "called" }
);

/** What ends a call that its steps have not ended. */
export type Ending = "return" | "throw" | "close" | "cut";

/** What a client says of itself when it opens a stream. */
export type JoinInit = MessageInitShape<typeof JoinSchema>;

/** One call, and everything that is done to it. */
export interface Scenario {
  readonly wire: Wire;
  readonly kind: Kind;
  /** Its initial metadata, if it is a call of the service whose schema declares that, and heartbeats. */
  readonly declared: JoinInit | undefined;
  readonly queues: { readonly client: StreamQueues; readonly server: StreamQueues };
  /** The call's deadline. */
  readonly timeoutMs: number | undefined;
  readonly steps: readonly Step[];
  /** Whether there is time before the end, in which what was sent arrives, and heartbeats are due. */
  readonly rests: boolean;
  readonly ending: Ending;
  /** Nobody looks at any promise before the end. */
  readonly inattentive: boolean;
}

const clientActs: Record<Kind, readonly ClientAct[]> = {
  download: ["recv", "recv", "recv, briefly", "close", "abort"],
  upload: ["send", "send", "send", "half-close", "close", "abort"],
  chat: ["send", "send", "send", "recv", "recv", "recv, briefly", "half-close", "close", "abort"],
};

const ends: readonly HandlerAct[] = ["return", "throw an error", "throw anything"];
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

/** Few, as most calls would end by theirs. */
const deadline = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 40 }) },
);

function stepsOf(kind: Kind, calm: boolean): fc.Arbitrary<Step[]> {
  return fc.array(stepOf(kind, calm), { maxLength: 16, size: "max" });
}

function scenarioOf(kind: Kind): fc.Arbitrary<Scenario> {
  const usable = wires.filter(({ http }) => http === "2" || kind !== "chat");
  return fc.record({
    wire: fc.constantFrom(...usable),
    kind: fc.constant(kind),
    declared: fc.option(join, { nil: undefined, freq: 2 }),
    queues: fc.record({ client: anyQueues, server: anyQueues }),
    timeoutMs: deadline,
    steps: fc.oneof(stepsOf(kind, false), stepsOf(kind, true)),
    rests: fc.boolean(),
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
