// SPDX-License-Identifier: Apache-2.0
import { create, createRegistry, type Registry } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import {
  type Error as ErrorMessage,
  ErrorSchema,
  file_connectrpc_conformance_v1_service,
  type Header,
  HeaderSchema,
} from "../../../.tmp/conformance/gen/connectrpc/conformance/v1/service_pb.js";

/** Names of messages in an `Any` are URLs; only what follows the last slash counts. */
const TYPE_URL_PREFIX = "type.googleapis.com/";

/** Requests and responses hold `Any`s of the suite's own messages, which JSON has to look up. */
export const registry: Registry = createRegistry(file_connectrpc_conformance_v1_service);

export function addHeaders(target: Headers, fields: readonly Header[]): void {
  for (const { name, value } of fields) for (const one of value) target.append(name, one);
}

export function fromHeaders(headers: Headers): Header[] {
  return [...headers].map(([name, value]) => create(HeaderSchema, { name, value: [value] }));
}

/** The error that the suite asks a server to answer with. */
export function toConnectError({ code, message, details }: ErrorMessage): ConnectError {
  // The suite numbers codes as Connect does, from `canceled` = 1.
  const error = new ConnectError(message ?? "", code as number as Code);
  for (const { typeUrl, value } of details) {
    error.details.push({ type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1), value });
  }
  return error;
}

/** An error that a client received, for the suite. */
export function fromConnectError(error: ConnectError): ErrorMessage {
  return create(ErrorSchema, {
    code: error.code as number,
    message: error.rawMessage,
    details: error.details.flatMap((detail) =>
      "type" in detail ? [{ typeUrl: TYPE_URL_PREFIX + detail.type, value: detail.value }] : [],
    ),
  });
}
