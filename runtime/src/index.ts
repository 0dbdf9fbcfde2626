// SPDX-License-Identifier: Apache-2.0
export { Code, ConnectError } from "@connectrpc/connect";
export type {
  BidiStreamingClient,
  ClientStream,
  ClientStreamingClient,
  ServerStreamingClient,
} from "./api/client-stream.js";
export type { StreamContext } from "./api/context.js";
export type {
  CallObserver,
  CallRetry,
  HandlerOverrun,
  ObservedCall,
  Peer,
  RpcObserver,
} from "./api/observer.js";
export type {
  RecvOptions,
  SendOptions,
  StreamCallOptions,
  StreamClientOptions,
  StreamServiceOptions,
} from "./api/options.js";
export type { EndedBy, StreamOutcome, Traffic } from "./api/outcome.js";
export type {
  BidiStreamingServer,
  ClientStreamingServer,
  ServerStream,
  ServerStreamingServer,
} from "./api/server-stream.js";
export { type TakeUntilSource, takeUntil } from "./call/take-until.js";
export { findRpc, type RpcError } from "./client/name-rpc.js";
export {
  type InterruptEvent,
  type MessageStream,
  type ResumeEvent,
  type ResumeOptions,
  resumable,
} from "./client/resume/resume.js";
export { isTemporary, isTimeout } from "./errors/classification.js";
export type {
  DeclaredError,
  DeclaredErrorInfo,
  DeclaredErrorOptions,
  TemporaryError,
  TemporaryErrorOptions,
} from "./errors/declared-errors.js";
export { findErrorInfo, findFieldViolations, findRetryDelayMs } from "./errors/details.js";
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
export type { StreamLimits } from "./options/limits.js";
export type {
  QueueBounds,
  QueueFill,
  QueueFills,
  StreamQueues,
  WhenFull,
} from "./options/queues.js";
export type { RetryPolicy, RetryThrottling } from "./options/retry.js";
export type { StreamTimeouts } from "./options/timeouts.js";
export type { MessageRole, StreamValidation } from "./options/validation.js";
