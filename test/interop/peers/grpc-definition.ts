// SPDX-License-Identifier: Apache-2.0
import {
  create,
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { type EchoStatus, ErrorInfoSchema, StatusSchema } from "../gen/interop/v1/interop_pb.js";
import type { Ending } from "../peer.js";

/** Where gRPC has the details of an error: a `google.rpc.Status`. */
export const statusDetails = "grpc-status-details-bin";

/** A method as grpc-js and nice-grpc want it. */
export interface GrpcDefinition<M extends DescMethod> {
  path: string;
  requestStream: M["methodKind"] extends "client_streaming" | "bidi_streaming" ? true : false;
  responseStream: M["methodKind"] extends "server_streaming" | "bidi_streaming" ? true : false;
  requestSerialize(message: MessageShape<M["input"]>): Buffer;
  requestDeserialize(bytes: Uint8Array): MessageShape<M["input"]>;
  responseSerialize(message: MessageShape<M["output"]>): Buffer;
  responseDeserialize(bytes: Uint8Array): MessageShape<M["output"]>;
  options: Record<string, never>;
}

export function definitionOf<M extends DescMethod>(method: M): GrpcDefinition<M> {
  const { methodKind } = method;
  const input: M["input"] = method.input;
  const output: M["output"] = method.output;
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: (methodKind === "client_streaming" ||
      methodKind === "bidi_streaming") as GrpcDefinition<M>["requestStream"],
    responseStream: (methodKind === "server_streaming" ||
      methodKind === "bidi_streaming") as GrpcDefinition<M>["responseStream"],
    requestSerialize: (message) => serialize(input, message),
    requestDeserialize: (bytes) => fromBinary(input, bytes),
    responseSerialize: (message) => serialize(output, message),
    responseDeserialize: (bytes) => fromBinary(output, bytes),
    options: {},
  };
}

function serialize<D extends DescMessage>(desc: D, message: MessageShape<D>): Buffer {
  return Buffer.from(toBinary(desc, message));
}

/** The value of `grpc-status-details-bin` for a status, if it has details. */
export function packDetails({ code, message, reason }: EchoStatus): Buffer | undefined {
  if (!reason) return undefined;
  const details = [anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason }))];
  return serialize(StatusSchema, create(StatusSchema, { code, message, details }));
}

export function unpackDetails(packed: string | Uint8Array | undefined): Ending["details"] {
  if (packed === undefined || typeof packed === "string") return [];
  return fromBinary(StatusSchema, packed).details.map(({ typeUrl, value }) => ({
    type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
    value: Buffer.from(value).toString("base64"),
  }));
}
