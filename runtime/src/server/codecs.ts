// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { NO_COMPRESSION } from "../protocol/compression.js";
import type { Compression } from "../protocol/connect-internals.js";
import type { DecoderFormat } from "../protocol/decoder.js";
import { limitElements } from "../protocol/element-limit.js";
import type { EncoderFormat } from "../protocol/encoder.js";
import { meteredParse, meteredSerialize } from "../protocol/stream-size.js";
import { toMessage } from "../protocol/to-message.js";
import { serializationError } from "../protocol/wrong-type.js";
import type { ServedRpc } from "./pipeline.js";

type RequestFormat = Omit<DecoderFormat<object>, "endFlag" | "onMessage">;

/** How the requests of an RPC are read, within its limits. */
export function requestFormat(
  rpc: ServedRpc,
  binary: boolean,
  compression: Compression | null,
): RequestFormat {
  const { parse: parseAny } = rpc.serialization.getI(binary);
  const limited = limitElements(parseAny, rpc.method.input, binary);
  const parse = meteredParse<object>(limited, rpc.streamLimits);
  return {
    parse,
    aliases: rpc.aliasesInput,
    compression,
    readMaxBytes: rpc.options.readMaxBytes,
    bounds: rpc.layers.queues.receive,
  };
}

/** How its responses are written. `onError` is told of one that the call cannot go on without. */
export function responseFormat(
  rpc: ServedRpc,
  binary: boolean,
  compression: Compression | null,
  onError: (error: ConnectError) => void,
): EncoderFormat<object> {
  const serialize = meteredSerialize(rpc.serialization.getO(binary).serialize, rpc.streamLimits);
  return {
    serialize: (message) => {
      try {
        return serialize(toMessage(rpc.method.output, message));
      } catch (thrown) {
        const error = serializationError(rpc.method.output, message, thrown);
        if (error.code === Code.ResourceExhausted) onError(error);
        throw error;
      }
    },
    compression,
    compressMinBytes: rpc.options.compressMinBytes,
    onError,
  };
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
