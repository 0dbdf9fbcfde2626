// SPDX-License-Identifier: Apache-2.0
export { Code, ConnectError } from "@connectrpc/connect";
export type {
  BidiStreamingClient,
  ClientStream,
  ClientStreamingClient,
  ServerStreamingClient,
} from "./client-streams.js";
export type {
  DeclaredError,
  DeclaredErrorInfo,
  DeclaredErrorOptions,
  TemporaryError,
  TemporaryErrorOptions,
} from "./declared-errors.js";
export { findErrorInfo, findFieldViolations, findRetryDelayMs } from "./error-details.js";
export { isTemporary, isTimeout } from "./error-flags.js";
export {
  type BadRequest,
  type BadRequest_FieldViolation,
  BadRequestSchema,
  DebugInfoSchema,
  type ErrorInfo,
  ErrorInfoSchema,
  HelpSchema,
  LocalizedMessageSchema,
  PreconditionFailureSchema,
  QuotaFailureSchema,
  RequestInfoSchema,
  ResourceInfoSchema,
  type RetryInfo,
  RetryInfoSchema,
} from "./gen/google/rpc/error_details_pb.js";
export { combineObservers } from "./observe/combine.js";
export type { CallObserver, CallRetry, ObservedCall, Peer, StreamObserver } from "./observer.js";
export type {
  RecvOptions,
  SendOptions,
  StreamCallOptions,
  StreamClientOptions,
  StreamServiceOptions,
} from "./options.js";
export type { EndedBy, StreamOutcome, Traffic } from "./outcome.js";
export type {
  QueueBounds,
  QueueFill,
  QueueFills,
  StreamQueues,
  WhenFull,
} from "./queues.js";
export {
  type InterruptEvent,
  type MessageStream,
  type ResumeEvent,
  type ResumeOptions,
  resumable,
} from "./resume.js";
export type { RetryPolicy, RetryThrottling } from "./retry.js";
export type {
  BidiStreamingServer,
  ClientStreamingServer,
  ServerStream,
  ServerStreamingServer,
} from "./server-streams.js";
export type { StreamLimits } from "./stream-limits.js";
export type { StreamTimeouts } from "./timeouts.js";
export type { MessageRole, StreamValidation } from "./validation.js";
