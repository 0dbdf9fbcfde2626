// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import { rejected } from "../call/deferred.js";
import type { StreamLimits } from "../options/limits.js";
import { type Check, checkOf } from "../protocol/message-size.js";
import { ServerDelegate } from "./delegate.js";
import type { RunHandler, ServerCall } from "./server-call.js";

/** Puts calls on an adapter of Connect's own, which knows no limits of streams, under them. */
export function limited(
  run: RunHandler,
  method: DescMethodStreaming,
  limits: StreamLimits | undefined,
): RunHandler {
  if (!limits) return run;
  const { readStreamMaxBytes, writeStreamMaxBytes } = limits;
  return (side) => {
    const received = checkOf(method.input, { readStreamMaxBytes }, "read");
    const sent = checkOf(method.output, { writeStreamMaxBytes }, "write");
    return run(new LimitedSide(side, received, sent));
  };
}

class LimitedSide extends ServerDelegate {
  readonly #received: Check | undefined;
  readonly #sent: Check | undefined;

  constructor(side: ServerCall, received: Check | undefined, sent: Check | undefined) {
    super(side);
    this.#received = received;
    this.#sent = sent;
  }

  override recv(options?: RecvOptions): Promise<object | undefined> {
    const message = this.side.recv(options).then((arrived) => {
      const fault = arrived && this.#faultOf(arrived, this.#received);
      if (fault) throw fault;
      return arrived;
    });
    // A recv that nobody awaits must not take the process down.
    message.catch(() => undefined);
    return message;
  }

  override send(message: object, options?: SendOptions): Promise<void> {
    const fault = this.#faultOf(message, this.#sent);
    return fault ? rejected(fault) : this.side.send(message, options);
  }

  /** What goes beyond a limit ends the call; what cannot be serialized does not. */
  #faultOf(message: object, check: Check | undefined): ConnectError | undefined {
    try {
      check?.(message);
      return undefined;
    } catch (thrown) {
      const error = ConnectError.from(thrown, Code.Internal);
      if (error.code === Code.ResourceExhausted) this.side.abort(error);
      return error;
    }
  }
}
