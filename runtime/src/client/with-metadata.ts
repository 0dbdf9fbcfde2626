// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { HeaderMessage } from "../metadata/header-message.js";
import type { StreamCallOptions } from "../options.js";

/**
 * A client's method that takes initial metadata first, made of one that takes only options. A
 * message that cannot travel fails the call, and nothing is sent.
 */
export function withMetadata(
  open: (options?: StreamCallOptions) => object,
  desc: DescMessage,
): (metadata: object, options?: StreamCallOptions) => object {
  const format = new HeaderMessage(desc);
  return (metadata, options = {}) => {
    const headers = new Headers(options.headers);
    try {
      format.addTo(headers, metadata);
    } catch (error) {
      const signal = AbortSignal.abort(ConnectError.from(error, Code.Internal));
      return open({ ...options, signal });
    }
    return open({ ...options, headers });
  };
}
