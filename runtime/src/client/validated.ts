// SPDX-License-Identifier: Apache-2.0
import type {
  DescMessage,
  DescMethodStreaming,
  DescMethodUnary,
  MessageShape,
} from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SendOptions } from "../options.js";
import { toMessage } from "../protocol/normalize.js";
import { rejected } from "../stream/settle.js";
import { faultOf, type MessageRole, type StreamValidation } from "../validation.js";
import { CheckedSide } from "./checked.js";
import type { ClientSide } from "./side.js";

/** Checks the messages of a call. To be put around all else: it gets what the caller would get. */
export function validated(
  side: ClientSide,
  method: DescMethodStreaming,
  validation: StreamValidation,
): ClientSide {
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

class ValidatedSide extends CheckedSide {
  readonly #method: DescMethodStreaming;
  readonly #validation: StreamValidation;

  constructor(side: ClientSide, method: DescMethodStreaming, validation: StreamValidation) {
    super(side);
    this.#method = method;
    this.#validation = validation;
  }

  protected override faultOfReceived(message: object): ConnectError | undefined {
    return check(this.#validation, this.#method, message, "response");
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
}

/** Rules that cannot be applied are a fault of this side. */
function check(
  validation: StreamValidation,
  method: DescMethodStreaming | DescMethodUnary,
  message: object,
  role: MessageRole,
): ConnectError | undefined {
  try {
    return faultOf(validation, method, message, role);
  } catch (thrown) {
    return ConnectError.from(thrown, Code.Internal);
  }
}
