// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import type { ReceiveFilter } from "../call/receiver.js";
import type { SendFilter } from "../call/sender.js";
import { type MessageRole, type StreamValidation, validateMessage } from "../options/validation.js";
import { toMessage } from "../protocol/to-message.js";
import { type OnError, toClientError } from "./client-error.js";

/** A call whose messages are checked. */
export interface ValidatedCall {
  readonly context: HandlerContext;
  refuse(error: ConnectError): void;
}

/** Checks the messages of an RPC. */
export class ValidationFilters {
  readonly #method: DescMethod;
  readonly #validation: StreamValidation;
  readonly #onError: OnError;

  constructor(method: DescMethod, validation: StreamValidation, onError: OnError) {
    this.#method = method;
    this.#validation = validation;
    this.#onError = onError;
  }

  /** An invalid request ends the call, whatever its handler does. */
  received(call: ValidatedCall): ReceiveFilter<object> {
    return (message) => {
      const invalid = this.#check(message, "request", call.context);
      if (!invalid) return message;
      call.refuse(invalid);
      return undefined;
    };
  }

  /** An invalid response is not sent. `undefined` where nobody asked for that. */
  sent(call: ValidatedCall): SendFilter<object> | undefined {
    if (!this.#validation.sent) return undefined;
    return (message) => {
      const whole = toMessage(this.#method.output, message);
      const invalid = this.#check(whole, "response", call.context);
      if (invalid) throw invalid;
      return whole;
    };
  }

  /** Rules that cannot be applied are a fault of this side, like anything else that is thrown here. */
  #check(message: object, role: MessageRole, context: HandlerContext): ConnectError | undefined {
    try {
      return validateMessage(this.#validation, this.#method, message, role);
    } catch (thrown) {
      return toClientError(thrown, context, undefined, this.#onError);
    }
  }
}
