// SPDX-License-Identifier: Apache-2.0
import type { DescMessage } from "@bufbuild/protobuf";
import type { ServerStream } from "../api/server-stream.js";
import { HeaderMessage } from "../metadata/header-message.js";
import { readHeaderMessage } from "../metadata/header-message-reader.js";
import type { StreamValidation } from "../options/validation.js";
import type { HandlerMethod } from "./run-handler.js";

/**
 * A handler that takes initial metadata, as one that takes only its stream. To be put around the
 * handler itself: interceptors may change headers. Headers that are no `desc`, or break its rules, fail
 * the call before the handler has been called.
 */
export function withMetadata(
  handler: HandlerMethod,
  desc: DescMessage | undefined,
  validation: StreamValidation | undefined,
): HandlerMethod {
  if (!desc) return handler;
  const format = new HeaderMessage(desc);
  return async (stream) => {
    const { requestHeader } = (stream as ServerStream).context;
    const metadata = readHeaderMessage(format, requestHeader);
    const fault = validation?.check(desc, metadata, "request");
    if (fault) throw fault;
    return handler(metadata, stream);
  };
}
