// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescMethodStreaming } from "@bufbuild/protobuf";
import { ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import { rejected } from "../call/deferred.js";
import { faultOf, type MessageRole, type StreamValidation } from "../options/validation.js";
import { toMessage } from "../protocol/to-message.js";
import { type OnError, toClientError } from "./client-error.js";
import { ServerDelegate } from "./delegate.js";
import type { RunHandler, ServerCall } from "./server-call.js";
import type { UnaryMethod } from "./unary-impl.js";

/** What is wrong with a message of a call, if anything. */
type Check = (
  message: object,
  role: MessageRole,
  context: HandlerContext,
) => ConnectError | undefined;

/** To be put around the handler itself: it gets what interceptors and filters leave of a stream. */
export function validated(
  run: RunHandler,
  method: DescMethodStreaming,
  validation: StreamValidation | undefined,
  onError: OnError,
): RunHandler {
  if (!validation) return run;
  const check = checkOf(method, validation, onError);
  return (side) => run(new ValidatedSide(side, method, check, validation.sent));
}

/** The same for a unary handler. */
export function validatedUnary(
  call: UnaryMethod,
  method: DescMethod,
  validation: StreamValidation | undefined,
  onError: OnError,
): UnaryMethod {
  if (!validation) return call;
  const check = checkOf(method, validation, onError);
  return async (request, context) => {
    const fault = check(request, "request", context);
    if (fault) throw fault;
    const response = await call(request, context);
    if (!validation.sent || typeof response !== "object" || !response) return response;
    const message = toMessage(method.output, response);
    const ownFault = check(message, "response", context);
    if (ownFault) throw ownFault;
    return message;
  };
}

/** Rules that cannot be applied are a fault of this side, like anything else that is thrown here. */
function checkOf(method: DescMethod, validation: StreamValidation, onError: OnError): Check {
  return (message, role, context) => {
    try {
      return faultOf(validation, method, message, role);
    } catch (thrown) {
      return toClientError(thrown, context, undefined, onError);
    }
  };
}

class ValidatedSide extends ServerDelegate {
  readonly #method: DescMethodStreaming;
  readonly #check: Check;
  readonly #sent: boolean;

  constructor(side: ServerCall, method: DescMethodStreaming, check: Check, sent: boolean) {
    super(side);
    this.#method = method;
    this.#check = check;
    this.#sent = sent;
  }

  override recv(options?: RecvOptions): Promise<object | undefined> {
    const message = this.side.recv(options).then((arrived) => {
      const fault = arrived && this.#check(arrived, "request", this.context);
      if (!fault) return arrived;
      this.side.refuse(fault);
      // Rejects with that, once the call has ended.
      return this.side.recv();
    });
    // A recv that nobody awaits must not take the process down.
    message.catch(() => undefined);
    return message;
  }

  override send(message: object, options?: SendOptions): Promise<void> {
    if (!this.#sent) return this.side.send(message, options);
    try {
      const whole = toMessage(this.#method.output, message);
      const fault = this.#check(whole, "response", this.context);
      return fault ? rejected(fault) : this.side.send(whole, options);
    } catch (thrown) {
      return rejected(ConnectError.from(thrown));
    }
  }
}
