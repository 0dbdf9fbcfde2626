// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What Connect-Node serves, and must not be able to end the process. */
import {
  ConnectError,
  type ConnectRouter,
  type Interceptor,
  type StreamRequest,
  type StreamResponse,
  type UnaryRequest,
} from "@connectrpc/connect";
import type { UniversalHandler, UniversalServerResponse } from "@connectrpc/connect/protocol";
import { badField } from "../protocol/field-value.js";
import { connectionFields } from "../protocol/reserved-fields.js";
import { printError, unsendable } from "../server/failure.js";
import type { GatedOptions } from "../server/gate.js";
import { sendableError } from "../server/sendable-error.js";
import { definedOnly } from "../settings.js";

type Options = Partial<GatedOptions>;

/** Options of Connect with which whatever handlers and interceptors throw can be sent. */
export function guardOptions<O extends Options>(options: O): O {
  const { requestGate, interceptors = [] } = options;
  return {
    ...options,
    ...(requestGate && { requestGate: guardGate(requestGate) }),
    interceptors: [guardCall, ...interceptors],
  };
}

/** A router with guarded options for services that have interceptors or a gate of their own. */
export function guardRouter(router: ConnectRouter): ConnectRouter {
  const guarded: ConnectRouter = {
    handlers: router.handlers,
    service(service, implementation, options) {
      router.service(service, implementation, guardService(options));
      return guarded;
    },
    rpc(method, implementation, options) {
      router.rpc(method, implementation, guardService(options));
      return guarded;
    },
  };
  return guarded;
}

/** Connect takes the presence of options for a choice of protocols: `undefined` if nothing is set. */
function guardService(given: Options | undefined): Options | undefined {
  const options = given && definedOnly(given);
  if (!options || Object.keys(options).length === 0) return undefined;
  const { requestGate } = options;
  if (options.interceptors) return guardOptions(options);
  return requestGate ? { ...options, requestGate: guardGate(requestGate) } : options;
}

type Gate = NonNullable<GatedOptions["requestGate"]>;

function guardGate(gate: Gate): Gate {
  return async (context) => {
    try {
      await gate(context);
    } catch (thrown) {
      throw sendable(thrown, context);
    }
  };
}

/** The outermost interceptor. */
const guardCall: Interceptor = (next) => async (request) => {
  try {
    const response = await next(request);
    if (response.stream) return { ...response, message: guardMessages(response, request) };
    for (const fields of [response.header, response.trailer]) {
      const bad = badField(fields);
      if (bad !== undefined) throw reported(unsendable(`the response field "${bad}"`), request);
    }
    return response;
  } catch (thrown) {
    throw sendable(thrown, request);
  }
};

type Rpc = Pick<UnaryRequest | StreamRequest, "service" | "method">;

function guardMessages({ message }: StreamResponse, rpc: Rpc): StreamResponse["message"] {
  return {
    [Symbol.asyncIterator]() {
      const messages = message[Symbol.asyncIterator]();
      return {
        async next() {
          try {
            return await messages.next();
          } catch (thrown) {
            throw sendable(thrown, rpc);
          }
        },
        return: async (value) => messages.return?.(value) ?? { done: true, value },
        throw: async (error) => messages.throw?.(error) ?? Promise.reject(error),
      };
    },
  };
}

/** Anything but a `ConnectError` is Connect's to answer. */
function sendable(thrown: unknown, rpc: Rpc): unknown {
  if (!(thrown instanceof ConnectError)) return thrown;
  const { error, fault } = sendableError(thrown);
  if (fault) printError(fault, rpc);
  return error;
}

function reported(error: ConnectError, rpc: Rpc): ConnectError {
  printError(error, rpc);
  return error;
}

/** A handler whose responses Node.js can send, and that answers when it fails. */
export function guardHandler(handler: UniversalHandler): UniversalHandler {
  const guarded = async (request: Parameters<UniversalHandler>[0]) => {
    try {
      return guardResponse(await handler(request));
    } catch (thrown) {
      if (request.signal.aborted) throw thrown;
      printError(thrown, handler);
      return { status: 500 };
    }
  };
  return Object.assign(guarded, handler);
}

function guardResponse(response: UniversalServerResponse): UniversalServerResponse {
  const { header, trailer } = response;
  // Connect's unary responses have a length of their own.
  const isEnveloped = !/^application\/(proto|json)/.test(header?.get("content-type") ?? "");
  if (header) removeUnsendable(header, isEnveloped);
  if (!trailer) return response;
  return {
    ...response,
    // Trailers are complete when they are asked for, after the body.
    get trailer() {
      removeUnsendable(trailer, true);
      return trailer;
    },
  };
}

function removeUnsendable(fields: Headers, withLength: boolean): void {
  for (const field of [...fields]) {
    const [name] = field;
    if (name === "content-length" && !withLength) continue;
    if (connectionFields.has(name) || badField([field]) !== undefined) fields.delete(name);
  }
}
