// SPDX-License-Identifier: Apache-2.0
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import { type EchoStatus, ErrorInfoSchema } from "../gen/interop/v1/interop_pb.js";
import { fromHeaders } from "../metadata.js";
import type { Ending, Metadata } from "../peer.js";

/** A status as Connect's error. The numbers of Connect's codes are gRPC's. */
export function connectError({ code, message, reason }: EchoStatus): ConnectError {
  const details = reason ? [{ desc: ErrorInfoSchema, value: { reason } }] : [];
  return new ConnectError(message, code as Code, undefined, details);
}

/** The code of what a handler or a client of Connect gets to see. */
export function connectCode(error: unknown): number {
  return ConnectError.from(error).code;
}

/** How a call ended that failed with `thrown`, or did not fail. */
export function connectEnding(
  thrown: unknown,
  header: Metadata | undefined,
  trailer: Metadata | undefined,
): Ending {
  if (thrown === undefined) {
    return { code: 0, message: "", details: [], header: header ?? {}, trailer: trailer ?? {} };
  }
  const error = ConnectError.from(thrown);
  const metadata = fromHeaders(error.metadata);
  return {
    code: error.code,
    message: error.rawMessage,
    details: error.findDetails(ErrorInfoSchema).map((info) => ({
      type: ErrorInfoSchema.typeName,
      value: Buffer.from(toBinary(ErrorInfoSchema, info)).toString("base64"),
    })),
    header: header ?? metadata,
    trailer: { ...trailer, ...metadata },
  };
}

/** The reason in a detail's value. */
export function reasonOf(value: string): string {
  return fromBinary(ErrorInfoSchema, Buffer.from(value, "base64")).reason;
}

/** A detail's value, in bytes. */
export function errorInfo(reason: string): Uint8Array {
  return toBinary(ErrorInfoSchema, create(ErrorInfoSchema, { reason }));
}
