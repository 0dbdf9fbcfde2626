// SPDX-License-Identifier: Apache-2.0
import { connect } from "./connect.js";
import { connectUnary } from "./connect-unary.js";
import { grpc } from "./grpc.js";
import { grpcWeb } from "./grpc-web.js";
import { grpcWebText } from "./grpc-web-text.js";
import type { BodyServerProtocol, EnvelopeServerProtocol } from "./protocol.js";

/** A protocol as servers speak it. */
export type AnyServerProtocol = EnvelopeServerProtocol | BodyServerProtocol;

/** What servers speak for streams, and for unary RPCs. A new protocol is one more here. */
const streams: readonly AnyServerProtocol[] = [grpc, grpcWeb, grpcWebText, connect];
const unary: readonly AnyServerProtocol[] = [grpc, grpcWeb, grpcWebText, connectUnary];

/** How a request is written. */
export interface RequestForm {
  readonly protocol: AnyServerProtocol;
  readonly binary: boolean;
}

/** So many spellings of content types are remembered; clients could make up any number. */
const MAX_REMEMBERED = 100;

const remembered = {
  streams: new Map<string, RequestForm>(),
  unary: new Map<string, RequestForm>(),
};

/** The protocols of a kind of RPC. */
export function protocolsOf(isUnary: boolean): readonly AnyServerProtocol[] {
  return isUnary ? unary : streams;
}

/** The protocol and codec of a request with this content type. `undefined`: none that is known. */
export function findRequestForm(
  contentType: string | undefined,
  isUnary: boolean,
): RequestForm | undefined {
  if (contentType === undefined) return undefined;
  const known = isUnary ? remembered.unary : remembered.streams;
  const before = known.get(contentType);
  if (before) return before;
  const form = parse(contentType, protocolsOf(isUnary));
  if (form && known.size < MAX_REMEMBERED) known.set(contentType, form);
  return form;
}

function parse(
  contentType: string,
  protocols: readonly AnyServerProtocol[],
): RequestForm | undefined {
  for (const protocol of protocols) {
    const type = protocol.parseContentType(contentType);
    if (type) return { protocol, binary: type.binary };
  }
  return undefined;
}
