// SPDX-License-Identifier: Apache-2.0
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { StreamQueues } from "connect-stream";
import type { JoinSchema } from "../../support/gen/lab/v1/metadata_pb.js";
import type { Wire } from "../../support/wires.js";
import type { OverrunTraits } from "./overruns.js";
import type { UnaryTraits } from "./unary.js";

export type Kind = "unary" | "download" | "upload" | "chat";

/** What the client does next. */
export type ClientAct = "send" | "recv" | "recv, briefly" | "half-close" | "close" | "abort";

/** What the handler does next; after it has ended, too. */
export type HandlerAct =
  | "send"
  | "recv"
  | "recv, briefly"
  | "send headers"
  | "set headers"
  | "look at the signal"
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
export type Ending =
  | "return"
  | "throw"
  | "close"
  | "cut"
  | /** Of unary calls alone: its deadline. */ "deadline"
  | /** Of unary calls alone: a large response, and a client that closes at once. */ "race";

/** What a client says of itself when it opens a stream. */
export type JoinInit = MessageInitShape<typeof JoinSchema>;

/** One call, and everything that is done to it. */
export interface Scenario {
  readonly wire: Wire;
  readonly kind: Kind;
  /** Only of unary calls. */
  readonly unary: UnaryTraits | undefined;
  /** Its initial metadata, if it is a call of the service whose schema declares that, and heartbeats. */
  readonly declared: JoinInit | undefined;
  readonly queues: { readonly client: StreamQueues; readonly server: StreamQueues };
  /** The call's deadline. */
  readonly timeoutMs: number | undefined;
  readonly steps: readonly Step[];
  /** Whether there is time before the end, in which what was sent arrives, and heartbeats are due. */
  readonly rests: boolean;
  readonly ending: Ending;
  /** Whether its handler goes on after it, and when somebody is told. */
  readonly overrun: OverrunTraits | undefined;
  /** Nobody looks at any promise before the end. */
  readonly inattentive: boolean;
}

/** Whether anything in it breaks the connection, so that it needs one of its own. */
export function cuts({ steps, ending }: Scenario): boolean {
  return ending === "cut" || steps.some(({ by }) => by === "network");
}
