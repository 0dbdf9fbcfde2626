// SPDX-License-Identifier: Apache-2.0
import { fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, base64Decode } from "@bufbuild/protobuf/wire";
import { type Any, AnySchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import { grpcStatusOk } from "./connect-internals.js";
import type { IncomingFields } from "./fields.js";
import type { ResponseHead } from "./protocol.js";

const STATUS = "grpc-status";
const MESSAGE = "grpc-message";
const DETAILS = "grpc-status-details-bin";

/** Whether fields carry a status at all. */
export function hasGrpcStatus(fields: IncomingFields): boolean {
  return fields.get(STATUS) !== undefined;
}

/** The status that headers carry, if they do. */
export function grpcHeadStatus(header: IncomingFields): Omit<ResponseHead, "compression"> {
  return hasGrpcStatus(header)
    ? { hasStatus: true, error: grpcStatusError(header) }
    : withoutStatus;
}

const withoutStatus = { hasStatus: false, error: undefined };

/**
 * The error that headers or trailers tell; `undefined` if they tell success, or nothing.
 * `grpc-status` decides: details that have no code, another code, or that are no details at all,
 * change neither code nor message.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md#responses
 */
export function grpcStatusError(fields: IncomingFields): ConnectError | undefined {
  const status = fields.get(STATUS);
  if (status === undefined || status === grpcStatusOk) return undefined;
  const code = codeOf(status);
  const told = detailsOf(fields.get(DETAILS));
  const message = (told.code === code && told.message) || decodeMessage(fields.get(MESSAGE) ?? "");
  const known = code !== undefined && code in Code;
  const error = new ConnectError(
    known || message ? message : `invalid grpc-status: ${status}`,
    known ? code : Code.Unknown,
    fields.headers,
  );
  error.details = told.details.map(({ typeUrl, value }) => ({
    type: typeUrl.substring(typeUrl.lastIndexOf("/") + 1),
    value,
  }));
  return error;
}

/** Throws the error of a response that ended with `trailer`, or that has no status. */
export function checkGrpcStatus(trailer: IncomingFields, header: IncomingFields): void {
  if (trailer.get(STATUS) === grpcStatusOk) return;
  const error = grpcStatusError(trailer);
  if (error) {
    header.headers.forEach((value, name) => {
      error.metadata.append(name, value);
    });
    throw error;
  }
  if (!hasGrpcStatus(trailer)) {
    throw new ConnectError("protocol error: missing status", Code.Internal);
  }
}

/**
 * Decodes a status message as far as it is encoded. What is not, such as the `%` of `50% used`, is
 * taken as it is: the specification forbids to fail for it.
 */
export function decodeMessage(message: string): string {
  return message.replace(/(?:%[0-9a-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded);
    } catch {
      return encoded;
    }
  });
}

function codeOf(status: string): number | undefined {
  return /^\d{1,9}$/.test(status) ? Number(status) : undefined;
}

/** What a `google.rpc.Status` has beside the two other fields. */
interface StatusDetails {
  code?: number;
  message?: string;
  readonly details: Any[];
}

/** https://github.com/googleapis/googleapis/blob/master/google/rpc/status.proto */
function detailsOf(value: string | undefined): StatusDetails {
  const status: StatusDetails = { details: [] };
  if (value === undefined) return status;
  try {
    const reader = new BinaryReader(base64Decode(value));
    while (reader.pos < reader.len) {
      const [field, type] = reader.tag();
      if (field === 1) status.code = reader.int32();
      else if (field === 2) status.message = reader.string();
      else if (field === 3) status.details.push(fromBinary(AnySchema, reader.bytes()));
      else reader.skip(type, field);
    }
    return status;
  } catch {
    return { details: [] };
  }
}
