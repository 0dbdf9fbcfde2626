// SPDX-License-Identifier: Apache-2.0
import type { DescMethodStreaming } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { RecvOptions, SendOptions } from "../options.js";
import { type Check, checkOf } from "../protocol/message-size.js";
import { rejected } from "../stream/settle.js";
import type { StreamLimits } from "../stream-limits.js";
import { ClientDelegate } from "./delegate.js";
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

class LimitedSide extends ClientDelegate {
  readonly #received: Check | undefined;
  readonly #sent: Check | undefined;

  constructor(side: ClientSide, received: Check | undefined, sent: Check | undefined) {
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
      if (error.code === Code.ResourceExhausted) this.side.fail(error);
      return error;
    }
  }
}
