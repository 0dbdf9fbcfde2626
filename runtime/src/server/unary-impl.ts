// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodUnary, MessageInitShape } from "@bufbuild/protobuf";
import type { ConnectError, HandlerContext, MethodImpl } from "@connectrpc/connect";
import { abortReason } from "./abort-reason.js";
import { type OnError, toClientError } from "./client-error.js";
import { DeadlineSkew } from "./deadline-skew.js";

/** A handler's method for a unary RPC, bound to its object. */
export type UnaryMethod = (request: object, context: HandlerContext) => Promise<unknown>;

/**
 * A unary handler as Connect knows them, with what ours are promised beyond that: a signal that
 * does not abort on success, a deadline that ends the call, and errors that are reported.
 */
export function unaryImpl(call: UnaryMethod, onError: OnError): MethodImpl<DescMethodUnary> {
  return (request, outer) =>
    new Promise<MessageInitShape<DescMessage>>((resolve, reject) => {
      const controller = new AbortController();
      const context: HandlerContext = { ...outer, signal: controller.signal };
      const skew = new DeadlineSkew(outer.timeoutMs());
      let aborted: ConnectError | undefined;
      const onAbort = () => {
        aborted = skew.explain(abortReason(outer.signal));
        controller.abort(aborted);
        reject(aborted);
      };
      const settle = () => outer.signal.removeEventListener("abort", onAbort);
      outer.signal.addEventListener("abort", onAbort);
      if (outer.signal.aborted) return onAbort();
      invoke(call, request, context).then(
        (response) => {
          settle();
          resolve(response as MessageInitShape<DescMessage>);
        },
        (thrown: unknown) => {
          settle();
          reject(toClientError(thrown, context, aborted, onError));
        },
      );
    });
}

async function invoke(
  call: UnaryMethod,
  request: object,
  context: HandlerContext,
): Promise<unknown> {
  return call(request, context);
}
