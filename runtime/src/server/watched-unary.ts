// SPDX-License-Identifier: Apache-2.0
import type { DescMethodUnary } from "@bufbuild/protobuf";
import { ConnectError, type HandlerContext, type MethodImpl } from "@connectrpc/connect";
import type { StreamObserver } from "../api/observer.js";
import { abortedBy } from "./abort-reason.js";
import { ServerWatch } from "./observe.js";

/** Shows the calls of a unary handler to `observer`. */
export function watchedUnary(
  impl: MethodImpl<DescMethodUnary>,
  observer: StreamObserver | undefined,
): MethodImpl<DescMethodUnary> {
  if (!observer) return impl;
  return async (request, context) => {
    const watch = ServerWatch.open(observer, context);
    if (!watch) return impl(request, context);
    watch.tap?.received?.(0);
    const received = { messages: 1, bytes: 0, dropped: 0 };
    try {
      const response = await watch.run(() => impl(request, context));
      watch.header({ context });
      watch.tap?.sent?.(0);
      watch.end("server", undefined, received, received);
      return response;
    } catch (thrown) {
      const error = ConnectError.from(thrown);
      watch.end(endedBy(context, error), error, { messages: 0, bytes: 0, dropped: 0 }, received);
      throw thrown;
    }
  };
}

function endedBy({ signal }: HandlerContext, error: ConnectError) {
  return signal.aborted ? abortedBy(error) : "server";
}
