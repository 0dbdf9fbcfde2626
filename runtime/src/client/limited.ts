// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SendOptions } from "../options.js";
import { type Check, checkOf } from "../protocol/message-size.js";
import { rejected } from "../stream/settle.js";
import type { StreamLimits } from "../stream-limits.js";
import { ClientDelegate } from "./delegate.js";
import type { ClientSide } from "./side.js";

/** Puts what a call on a transport of Connect's own sends under limits of size. */
export function limited(
  side: ClientSide,
  method: DescMethodStreaming,
  limits: StreamLimits | undefined,
): ClientSide {
  const check = limits && checkOf(method.input, limits, "write");
  return check ? new LimitedSide(side, check) : side;
}

class LimitedSide extends ClientDelegate {
  readonly #check: Check;

  constructor(side: ClientSide, check: Check) {
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
