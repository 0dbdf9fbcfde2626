// SPDX-License-Identifier: Apache-2.0
import type { CallObserver, RpcObserver } from "connect-stream";
import type { LabServiceHandler } from "../../support/gen/lab/v1/lab_stream.js";
import type { Join } from "../../support/gen/lab/v1/metadata_pb.js";
import type { SequenceServiceHandler } from "../../support/gen/lab/v1/sequence_stream.js";
import { type AnyStream, CALL_HEADER, Puppet } from "./puppet.js";
import type { Trace } from "./trace.js";

/** All puppets of one server. */
export class Puppets {
  readonly #puppets = new Map<string, { puppet: Puppet; trace: Trace }>();

  readonly plain: LabServiceHandler = {
    unary: (request) => Promise.resolve(request),
    download: (_request, stream) => this.#run(stream),
    upload: (stream) => this.#run(stream),
    chat: (stream) => this.#run(stream),
  };

  readonly declared: SequenceServiceHandler = {
    download: (_request, stream) => this.#run(stream),
    upload: (metadata, stream) => this.#run(stream, metadata),
    chat: (metadata, stream) => this.#run(stream, metadata),
  };

  readonly onError = (error: unknown, context: { requestHeader: Headers }): void => {
    this.#of(context.requestHeader).trace.reported.push(error);
  };

  readonly observer: RpcObserver = {
    open: ({ requestHeader }) => watch(this.#of(requestHeader).trace),
  };

  add(call: string, trace: Trace): Puppet {
    const puppet = new Puppet(trace);
    this.#puppets.set(call, { puppet, trace });
    return puppet;
  }

  /** Notes what is in the queues of all handlers. */
  noteQueued(): void {
    for (const { puppet } of this.#puppets.values()) puppet.noteQueued();
  }

  remove(call: string): void {
    this.#puppets.delete(call);
  }

  #run(stream: AnyStream, metadata?: Join): Promise<void> {
    return this.#of(stream.context.requestHeader).puppet.run(stream, metadata);
  }

  #of(header: Headers): { puppet: Puppet; trace: Trace } {
    const found = this.#puppets.get(header.get(CALL_HEADER) ?? "");
    if (!found) throw new Error("a call of no scenario");
    return found;
  }
}

/** Notes what the server counts. */
function watch(trace: Trace): CallObserver {
  return {
    onMessageSent() {
      if (trace.served) trace.servedLate++;
    },
    onEnd(outcome) {
      trace.served = outcome;
    },
  };
}
