// SPDX-License-Identifier: Apache-2.0

import type { CallObserver, RpcObserver, StreamContext } from "connect-stream";
import type { DeclaredServiceHandler } from "../../support/gen/lab/v1/declared_stream.js";
import type { LabServiceHandler } from "../../support/gen/lab/v1/lab_stream.js";
import type { Join } from "../../support/gen/lab/v1/metadata_pb.js";
import type { SequenceServiceHandler } from "../../support/gen/lab/v1/sequence_stream.js";
import { isOverrun, type OverrunTold } from "./overruns.js";
import type { Place } from "./place.js";
import { type AnyStream, CALL_HEADER, Puppet } from "./puppet.js";
import { type Trace, tick } from "./trace.js";
import { observed } from "./unary-call.js";

/** All puppets of one server. */
export class Puppets {
  readonly #puppets = new Map<string, { puppet: Puppet; trace: Trace }>();

  readonly plain: LabServiceHandler = {
    unary: (request, context) => this.#answer(request, context),
    download: (_request, stream) => this.#run(stream),
    upload: (stream) => this.#run(stream),
    chat: (stream) => this.#run(stream),
  };

  readonly declared: SequenceServiceHandler = {
    download: (_request, stream) => this.#run(stream),
    upload: (metadata, stream) => this.#run(stream, metadata),
    chat: (metadata, stream) => this.#run(stream, metadata),
  };

  readonly repeatable: Pick<DeclaredServiceHandler, "look"> = {
    look: (request, context) => this.#answer(request, context),
  };

  readonly onError = (error: unknown, context: { requestHeader: Headers }): void => {
    const { trace, puppet } = this.#of(context.requestHeader);
    trace.reported.push(error);
    if (!isOverrun(error)) return;
    trace.overruns.push({ by: "onError", at: tick(), error, ms: undefined, ended: false });
    puppet.overran();
  };

  readonly observer: RpcObserver = {
    open: ({ requestHeader }) => {
      const { trace, puppet } = this.#of(requestHeader);
      return trace.scenario.kind === "unary" || trace.scenario.declared
        ? watch(trace, puppet)
        : undefined;
    },
  };

  add(call: string, trace: Trace): Puppet {
    const puppet = new Puppet(trace);
    this.#puppets.set(call, { puppet, trace });
    return puppet;
  }

  /** Notes the state of all handlers. */
  noteState(): void {
    for (const { puppet } of this.#puppets.values()) puppet.noteState();
  }

  /** Resolves when all handlers that have been called have ended. */
  async over(): Promise<void> {
    await Promise.all([...this.#puppets.values()].map(({ puppet }) => puppet.over));
  }

  remove(call: string): void {
    this.#puppets.delete(call);
  }

  #run(stream: AnyStream, metadata?: Join): Promise<void> {
    return this.#of(stream.context.requestHeader).puppet.run(stream, metadata);
  }

  #answer(request: Place, context: StreamContext): Promise<Place> {
    return this.#of(context.requestHeader).puppet.answer(request, context);
  }

  #of(header: Headers): { puppet: Puppet; trace: Trace } {
    const found = this.#puppets.get(header.get(CALL_HEADER) ?? "");
    if (!found) throw new Error("a call of no scenario");
    return found;
  }
}

/** Notes what the server counts. */
function watch(trace: Trace, puppet: Puppet): CallObserver {
  const observer = observed(trace.told.server, (outcome) => {
    trace.served = outcome;
    trace.servedAt = tick();
    puppet.served();
  });
  const { onMessageSent } = observer;
  return {
    ...observer,
    onMessageSent(bytes) {
      if (trace.served) trace.servedLate++;
      onMessageSent?.(bytes);
    },
    onOverrun({ ms, ended }) {
      const told: OverrunTold = {
        by: "onOverrun",
        at: tick(),
        error: undefined,
        ms,
        ended: false,
      };
      trace.overruns.push(told);
      void ended.then(() => (told.ended = true));
    },
  };
}
