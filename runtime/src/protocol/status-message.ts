// SPDX-License-Identifier: Apache-2.0

const HEADER = "grpc-message";

/** Escapes of printable ASCII, but for the space, which a header may lose, and the percent sign. */
const needless = /%(2[1-46-9A-F]|[3-6][0-9A-F]|7[0-9A-E])/g;

/**
 * Takes back what Connect escapes beyond need in a status message: grpc-js decodes with
 * `decodeURI`, which leaves `%2F` and its like as they are.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function plainStatusMessage(trailer: Headers): Headers {
  const message = trailer.get(HEADER);
  if (message?.includes("%")) {
    const toUint8Array = message.replace(needless, (_, hex) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    trailer.set(HEADER, toUint8Array);
  }
  return trailer;
}
