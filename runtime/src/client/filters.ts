// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { ReceiveFilter } from "../call/receiver.js";
import type { SendFilter } from "../call/sender.js";
import { type MessageRole, type StreamValidation, validateMessage } from "../options/validation.js";
import type { Check } from "../protocol/message-size.js";
import type { RpcMethod } from "../protocol/method-kind.js";
import { toMessage } from "../protocol/to-message.js";
import type { CallInit } from "./client-call.js";

/** Limits of size where messages are objects; where they are bytes, the codec has them. */
export interface SizeChecks {
  readonly read: Check | undefined;
  readonly write: Check | undefined;
}

/** What a call makes of what its filters find. */
export interface FilteredCall {
  /** What arrives is broken: the call cannot go on. */
  broken(error: ConnectError): void;
  /** A message is of no use, and so is all that follows. */
  reject(error: ConnectError): void;
  /** A message was no message for whoever receives. */
  skipped(): void;
}

/** On the way in: size, then heartbeats, then validation. `undefined`: there is nothing to look for. */
export function receiveFilter(
  method: RpcMethod,
  { heartbeat, validation }: Pick<CallInit, "heartbeat" | "validation">,
  checkSize: Check | undefined,
  call: FilteredCall,
): ReceiveFilter<object> | undefined {
  const validate = validationFilter(method, validation, call);
  if (!heartbeat && !checkSize) return validate;
  return (message) => {
    const tooLarge = checkSize && sizeFault(checkSize, message);
    if (tooLarge) call.broken(tooLarge);
    else if (heartbeat?.is(message)) call.skipped();
    else return validate ? validate(message) : message;
    return undefined;
  };
}

/** Gives no message after one that is not valid. */
export function validationFilter(
  method: RpcMethod,
  validation: StreamValidation | undefined,
  call: Pick<FilteredCall, "reject">,
): ReceiveFilter<object> | undefined {
  if (!validation) return undefined;
  return (message) => {
    const fault = validate(validation, method, message, "response");
    if (!fault) return message;
    call.reject(fault);
    return undefined;
  };
}

/** On the way out: validation, then size. */
export function sendFilter(
  method: RpcMethod,
  validation: StreamValidation | undefined,
  checkSize: Check | undefined,
): SendFilter<object> | undefined {
  if (!validation?.sent) return checkSize && ((message) => sized(message, checkSize));
  return (message) => {
    const whole = toMessage(method.input, message);
    const fault = validate(validation, method, whole, "request");
    if (fault) throw fault;
    return checkSize ? sized(whole, checkSize) : whole;
  };
}

function sized(message: object, checkSize: Check): object {
  const fault = sizeFault(checkSize, message);
  if (fault) throw fault;
  return message;
}

function sizeFault(checkSize: Check, message: object): ConnectError | undefined {
  try {
    checkSize(message);
    return undefined;
  } catch (thrown) {
    return ConnectError.from(thrown, Code.Internal);
  }
}

/** Rules that cannot be applied are a fault of this side. */
function validate(
  validation: StreamValidation,
  method: RpcMethod,
  message: object,
  role: MessageRole,
): ConnectError | undefined {
  try {
    return validateMessage(validation, method, message, role);
  } catch (thrown) {
    return ConnectError.from(thrown, Code.Internal);
  }
}
