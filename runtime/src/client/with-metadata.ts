// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { StreamCallOptions } from "../api/options.js";
import { HeaderMessage } from "../metadata/header-message.js";
import type { StreamValidation } from "../options/validation.js";
import { toMessage } from "../protocol/to-message.js";
import { headersOf } from "./call-headers.js";

/**
 * A client's method that takes initial metadata first, made of one that takes only options. A
 * message that cannot travel, or that breaks its rules where messages are checked before they are
 * sent, fails the call, and nothing is sent. `validationOf` gives the validation of a call.
 */
export function withMetadata(
  open: (options?: StreamCallOptions) => object,
  desc: DescMessage,
  validationOf: (options: StreamCallOptions) => StreamValidation | undefined,
): (metadata: object, options?: StreamCallOptions) => object {
  const format = new HeaderMessage(desc);
  return (metadata, options = {}) => {
    const validation = validationOf(options);
    let headers: Headers;
    try {
      headers = new Headers(headersOf(options.headers));
      const fault =
        validation?.sent && validation.check(desc, toMessage(desc, metadata), "request");
      if (fault) throw fault;
      format.addTo(headers, metadata);
    } catch (error) {
      const signal = AbortSignal.abort(ConnectError.from(error, Code.Internal));
      return open({ ...options, signal });
    }
    return open({ ...options, headers });
  };
}
