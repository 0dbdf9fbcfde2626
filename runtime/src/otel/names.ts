// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Names that `@opentelemetry/semantic-conventions` does not have. Those of
 * what is not stable yet are copied, as that package asks for.
 * https://github.com/open-telemetry/opentelemetry-js/blob/main/semantic-conventions/README.md
 */

/** `rpc.system.name` of Connect's own protocol. */
export const RPC_SYSTEM_NAME_VALUE_CONNECTRPC = "connectrpc";

/** Who ended a call: the `endedBy` of its outcome. */
export const ATTR_ENDED_BY = "connect_stream.ended_by";
/** How often a call was made. Only if that was more than once. */
export const ATTR_ATTEMPTS = "connect_stream.attempts";
/** Of messages: `sent` or `received`. */
export const ATTR_DIRECTION = "connect_stream.direction";
/** What went over a stream, on its span. */
export const ATTR_SENT_MESSAGES = "connect_stream.sent.messages";
export const ATTR_SENT_BYTES = "connect_stream.sent.bytes";
export const ATTR_RECEIVED_MESSAGES = "connect_stream.received.messages";
export const ATTR_RECEIVED_BYTES = "connect_stream.received.bytes";

/** Handlers that go on after the end of their call. Clients have none. */
export const METRIC_OVERRUNS = "connect_stream.server.overruns";
export const METRIC_OVERRUNNING_HANDLERS = "connect_stream.server.overrunning_handlers";

/** Our other instruments, each with a name of its own for servers and for clients. */
export const metricNames = {
  openStreams: (side: string): string => `connect_stream.${side}.open_streams`,
  endedStreams: (side: string): string => `connect_stream.${side}.ended_streams`,
  messages: (side: string): string => `connect_stream.${side}.messages`,
  messageBytes: (side: string): string => `connect_stream.${side}.message_bytes`,
  firstMessage: (side: string): string => `connect_stream.${side}.first_message.duration`,
  sendWait: (side: string): string => `connect_stream.${side}.send_wait.duration`,
};
