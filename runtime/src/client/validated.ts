// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../api/options.js";
import { rejected } from "../call/deferred.js";
import { type MessageRole, type StreamValidation, validateMessage } from "../options/validation.js";
import { toMessage } from "../protocol/to-message.js";
import type { ClientCall } from "./client-call.js";
import { ClientDelegate } from "./delegate.js";

/** Checks the messages of a call. To be put around all else: it gets what the caller would get. */
export function validated(
  side: ClientCall,
  method: DescMethodStreaming,
  validation: StreamValidation,
): ClientCall {
  return new ValidatedSide(side, method, validation);
}

/** The same for a unary call. */
export async function validatedUnary<R extends object>(
  method: DescMethodUnary,
  validation: StreamValidation,
  request: object,
  call: (request: MessageShape<DescMessage>) => Promise<R>,
): Promise<R> {
  const whole = toMessage(method.input, request);
  const ownFault = validation.sent && check(validation, method, whole, "request");
  if (ownFault) throw ownFault;
  const response = await call(whole);
  const fault = check(validation, method, response, "response");
  if (fault) throw fault;
  return response;
}

/** Gives no message after one that is not valid. */
class ValidatedSide extends ClientDelegate {
  readonly #method: DescMethodStreaming;
  readonly #validation: StreamValidation;
  /** What was wrong with a message that was received. */
  #fault: ConnectError | undefined;

  constructor(side: ClientCall, method: DescMethodStreaming, validation: StreamValidation) {
    super(side);
    this.#method = method;
    this.#validation = validation;
  }

  override recv(options?: RecvOptions): Promise<object | undefined> {
    if (this.#fault) return rejected(this.#fault);
    const message = this.side.recv(options).then((arrived) => {
      // Several that receive at once have their messages before the first is looked at.
      if (this.#fault) throw this.#fault;
      const fault = arrived && check(this.#validation, this.#method, arrived, "response");
      if (!fault) return arrived;
      this.#end(fault);
      throw fault;
    });
    // A recv that nobody awaits must not take the process down.
    message.catch(() => undefined);
    return message;
  }

  override send(message: object, options?: SendOptions): Promise<void> {
    if (!this.#validation.sent) return this.side.send(message, options);
    try {
      const whole = toMessage(this.#method.input, message);
      const fault = check(this.#validation, this.#method, whole, "request");
      if (!fault) return this.side.send(whole, options);
      // The one request is all of it: there is nothing else to send.
      if (this.#method.methodKind === "server_streaming") this.side.fail(fault);
      return rejected(fault);
    } catch (thrown) {
      return rejected(ConnectError.from(thrown));
    }
  }

  #end(fault: ConnectError): void {
    this.#fault = fault;
    this.side.fail(fault);
    // A call that had ended keeps its outcome, but what it holds is of no use.
    this.side.close();
  }
}

/** Rules that cannot be applied are a fault of this side. */
function check(
  validation: StreamValidation,
  method: DescMethodStreaming | DescMethodUnary,
  message: object,
  role: MessageRole,
): ConnectError | undefined {
  try {
    return validateMessage(validation, method, message, role);
  } catch (thrown) {
    return ConnectError.from(thrown, Code.Internal);
  }
}
