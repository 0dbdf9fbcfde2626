// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethodStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { NO_COMPRESSION } from "../protocol/compression.js";
import {
  createMethodSerializationLookup,
  type UniversalHandlerOptions,
} from "../protocol/connect-internals.js";
import { limitElements, type Parse } from "../protocol/element-limit.js";
import { keepMessageShapes } from "../protocol/message-shapes.js";
import { toMessage } from "../protocol/to-message.js";
import { serializationError } from "../protocol/wrong-type.js";

/** How the messages of an RPC are read and written, within its limits for one message. */
export interface ServerCodec {
  readonly parse: Parse<object>;
  /** Throws a `ConnectError` for a message that cannot be sent. */
  serialize(message: object): Uint8Array;
}

/** The codecs of an RPC. */
export interface ServerCodecs {
  readonly binary: ServerCodec;
  readonly json: ServerCodec;
}

/** Those of `method`, as `options` has them. */
export function createCodecs(
  method: DescMethodUnary | DescMethodStreaming,
  options: UniversalHandlerOptions,
): ServerCodecs {
  const { binaryOptions, jsonOptions } = options;
  const lookup = createMethodSerializationLookup<DescMessage, DescMessage>(
    method,
    binaryOptions,
    jsonOptions,
    options,
  );
  keepMessageShapes(method);
  const codec = (binary: boolean): ServerCodec => {
    const { serialize } = lookup.getO(binary);
    return {
      parse: limitElements<object>(lookup.getI(binary).parse, method.input, binary),
      serialize(message) {
        try {
          return serialize(toMessage(method.output, message));
        } catch (thrown) {
          throw serializationError(method.output, message, thrown);
        }
      },
    };
  };
  return { binary: codec(true), json: codec(false) };
}

/**
 * What is wrong with what a client sent. Its bytes are an argument like any other: Connect calls what it
 * cannot parse `internal`, and so do we where a server's bytes are wrong. A message that is compressed,
 * though no compression was named, is `internal` on both sides.
 * https://github.com/grpc/grpc/blob/master/doc/compression.md#compression-method-asymmetry-between-peers
 */
export function toRequestError(error: ConnectError): ConnectError {
  if (error.code !== Code.Internal || error.rawMessage === NO_COMPRESSION) return error;
  return new ConnectError(
    error.rawMessage,
    Code.InvalidArgument,
    undefined,
    undefined,
    error.cause,
  );
}
