// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { SendOptions } from "../options.js";
import { type Check, checkOf } from "../protocol/message-size.js";
import { rejected } from "../stream/settle.js";
import type { StreamLimits } from "../stream-limits.js";
import { CheckedSide } from "./checked.js";
import type { ClientSide } from "./side.js";

/** Puts a call on a transport of Connect's own under limits of size. */
export function limited(
  side: ClientSide,
  method: DescMethodStreaming,
  limits: StreamLimits | undefined,
): ClientSide {
  if (!limits) return side;
  return new LimitedSide(
    side,
    checkOf(method.output, limits, "read"),
    checkOf(method.input, limits, "write"),
  );
}

class LimitedSide extends CheckedSide {
  readonly #received: Check | undefined;
  readonly #sent: Check | undefined;

  constructor(side: ClientSide, received: Check | undefined, sent: Check | undefined) {
    super(side);
    this.#received = received;
    this.#sent = sent;
  }

  protected override faultOfReceived(message: object): ConnectError | undefined {
    return faultOf(message, this.#received);
  }

  override send(message: object, options?: SendOptions): Promise<void> {
    const fault = faultOf(message, this.#sent);
    if (!fault) return this.side.send(message, options);
    // What goes beyond a limit ends the call; what cannot be serialized does not.
    if (fault.code === Code.ResourceExhausted) this.side.fail(fault);
    return rejected(fault);
  }
}

function faultOf(message: object, check: Check | undefined): ConnectError | undefined {
  try {
    check?.(message);
    return undefined;
  } catch (thrown) {
    return ConnectError.from(thrown, Code.Internal);
  }
}
