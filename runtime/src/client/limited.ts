// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SendOptions } from "../api/options.js";
import { rejected } from "../call/deferred.js";
import type { StreamLimits } from "../options/limits.js";
import { type Check, checkOf } from "../protocol/message-size.js";
import type { ClientCall } from "./client-call.js";
import { ClientDelegate } from "./delegate.js";

/** Puts what a call on a transport of Connect's own sends under limits of size. */
export function limited(
  side: ClientCall,
  method: DescMethodStreaming,
  limits: StreamLimits | undefined,
): ClientCall {
  const check = limits && checkOf(method.input, limits, "write");
  return check ? new LimitedSide(side, check) : side;
}

class LimitedSide extends ClientDelegate {
  readonly #check: Check;

  constructor(side: ClientCall, check: Check) {
    super(side);
    this.#check = check;
  }

  override send(message: object, options?: SendOptions): Promise<void> {
    const fault = this.#faultOf(message);
    return fault ? rejected(fault) : this.side.send(message, options);
  }

  /** What goes beyond a limit ends the call; what cannot be serialized does not. */
  #faultOf(message: object): ConnectError | undefined {
    try {
      this.#check(message);
      return undefined;
    } catch (thrown) {
      const error = ConnectError.from(thrown, Code.Internal);
      if (error.code === Code.ResourceExhausted) this.side.fail(error);
      return error;
    }
  }
}
