// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import type { RecvOptions } from "../api/options.js";
import { plainContext } from "../server/context.js";
import { ServerDelegate } from "../server/delegate.js";
import type { ServerCall } from "../server/server-call.js";
import type { VirtualTime } from "./virtual-time.js";

/** A call whose handler lives in virtual time: its deadline, and the limit of each `recv`. */
export class VirtualSide extends ServerDelegate {
  readonly #time: VirtualTime;
  readonly #context: HandlerContext;

  /** `deadline`: when the call ends, in virtual milliseconds, if it does. */
  constructor(
    side: ServerCall,
    method: DescMethod,
    time: VirtualTime,
    deadline: () => number | undefined,
  ) {
    super(side);
    this.#time = time;
    const timeoutMs = () => {
      const end = deadline();
      return end === undefined ? undefined : end - time.now;
    };
    this.#context = { ...plainContext(side.context), method, timeoutMs };
  }

  override get context(): HandlerContext {
    return this.#context;
  }

  override recv(options: RecvOptions = {}): Promise<object | undefined> {
    const { timeoutMs, signal } = options;
    // A limit that cannot be is refused where it would count.
    if (timeoutMs === undefined || typeof timeoutMs !== "number" || Number.isNaN(timeoutMs))
      return this.side.recv(options);
    const late = new AbortController();
    const stop = this.#time.after(timeoutMs, () => {
      late.abort(new ConnectError(`no message within ${timeoutMs} ms`, Code.DeadlineExceeded));
    });
    const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
    const message = this.side.recv({ signal: either });
    message.then(stop, stop);
    return message;
  }
}
