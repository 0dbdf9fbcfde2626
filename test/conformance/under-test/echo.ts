// SPDX-License-Identifier: Apache-2.0
import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import type { Any } from "@bufbuild/protobuf/wkt";
import type { ConnectError, HandlerContext } from "@connectrpc/connect";
import {
  ConformancePayload_RequestInfoSchema,
  type ConformancePayloadSchema,
  type Error as ErrorMessage,
  type UnaryResponseDefinition,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_pb.js";
import { addHeaders, fromHeaders, toConnectError } from "./convert.js";

/** What a response carries. */
export type Payload = MessageInitShape<typeof ConformancePayloadSchema>;
type RequestInfo = MessageShape<typeof ConformancePayload_RequestInfoSchema>;

/** What a handler saw of its call. */
export function requestInfo(context: HandlerContext, requests: Any[]): RequestInfo {
  const timeoutMs = context.timeoutMs();
  return create(ConformancePayload_RequestInfoSchema, {
    requests,
    requestHeaders: fromHeaders(context.requestHeader),
    ...(timeoutMs !== undefined && { timeoutMs: BigInt(Math.trunc(timeoutMs)) }),
    ...(context.requestMethod === "GET" && {
      connectGetInfo: {
        queryParams: [...new URL(context.url).searchParams].map(([name, value]) => ({
          name,
          value: [value],
        })),
      },
    }),
  });
}

/** The one response, or the error in its place, that a request asks for. */
export function answer(
  context: HandlerContext,
  definition: UnaryResponseDefinition | undefined,
  requests: Any[],
): Payload {
  setMetadata(context, definition);
  const info = requestInfo(context, requests);
  const { response } = definition ?? {};
  if (response?.case === "error") throw errorWithInfo(response.value, info);
  const data = response?.case === "responseData" ? { data: response.value } : {};
  return { ...data, requestInfo: info };
}

/** An error that comes before any response tells what the handler saw. */
export function errorWithInfo(error: ErrorMessage, info: RequestInfo): ConnectError {
  const result = toConnectError(error);
  result.details.push({ desc: ConformancePayload_RequestInfoSchema, value: info });
  return result;
}

export function setMetadata(
  context: HandlerContext,
  definition: Pick<UnaryResponseDefinition, "responseHeaders" | "responseTrailers"> | undefined,
): void {
  if (!definition) return;
  addHeaders(context.responseHeader, definition.responseHeaders);
  addHeaders(context.responseTrailer, definition.responseTrailers);
}
