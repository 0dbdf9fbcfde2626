// SPDX-License-Identifier: Apache-2.0
/**
 * What we use of Connect that Connect marks `@private`, "does not follow semantic versioning". No
 * other file of the runtime imports from these paths, so a new version of Connect is checked here.
 *
 * Checked against Connect 2.1.0 to 2.3.x, which is the range of the runtime's peer dependencies
 * on `@connectrpc/connect` and `@connectrpc/connect-node`. Widen that range only after the tests
 * have passed with the new version: `.ci/connect-versions.sh` runs them with both ends.
 *
 * Names are Connect's. Where two protocols share one, it begins with the protocol's. gRPC-Web's
 * headers and trailers are gRPC's.
 *
 * @packageDocumentation
 */
export {
  type CommonTransportOptions,
  type Compression,
  compressedFlag,
  compressionNegotiate,
  createMethodSerializationLookup,
  createMethodUrl,
  runStreamingCall,
  runUnaryCall,
  type UniversalHandler,
  type UniversalHandlerOptions,
  validateReadWriteMaxBytes,
  validateUniversalHandlerOptions,
} from "@connectrpc/connect/protocol";
export {
  codeToHttpStatus,
  codeToString,
  contentTypeStreamJson,
  contentTypeStreamProto,
  contentTypeUnaryJson,
  contentTypeUnaryProto,
  createEndStreamSerialization,
  endStreamFlag,
  errorFromJsonBytes,
  errorToJsonBytes,
  headerProtocolVersion,
  headerStreamAcceptEncoding,
  headerStreamEncoding,
  headerTimeout as connectHeaderTimeout,
  headerUnaryAcceptEncoding,
  headerUnaryEncoding,
  parseContentType as connectParseContentType,
  parseTimeout as connectParseTimeout,
  protocolVersion,
  requestHeaderWithCompression as connectRequestHeaderWithCompression,
  trailerDemux,
  validateResponseWithCompression as connectValidateResponseWithCompression,
} from "@connectrpc/connect/protocol-connect";
export {
  codeFromHttpStatus,
  contentTypeJson as grpcContentTypeJson,
  contentTypeProto as grpcContentTypeProto,
  grpcStatusOk,
  headerAcceptEncoding,
  headerEncoding,
  headerGrpcStatus,
  headerTimeout as grpcHeaderTimeout,
  parseContentType as grpcParseContentType,
  parseTimeout as grpcParseTimeout,
  requestHeaderWithCompression as grpcRequestHeaderWithCompression,
  setTrailerStatus,
} from "@connectrpc/connect/protocol-grpc";
export {
  contentTypeJson as grpcWebContentTypeJson,
  contentTypeProto as grpcWebContentTypeProto,
  parseContentType as grpcWebParseContentType,
  requestHeaderWithCompression as grpcWebRequestHeaderWithCompression,
  trailerFlag,
  trailerParse,
  trailerSerialize,
} from "@connectrpc/connect/protocol-grpc-web";
