// SPDX-License-Identifier: Apache-2.0
export { ClientConnection } from "./client-connection.js";
export type { Http2Connection } from "./connection.js";
export type { ConnectionEvents, Goaway, ServerConnectionEvents } from "./connection-events.js";
export { ErrorCode, errorCodeName, type Violation } from "./errors.js";
export { Slab } from "./frames/slab.js";
export { HeaderField } from "./header-field.js";
export { HeaderList } from "./header-list.js";
export type { Http2Host } from "./host.js";
export { HpackDecoder } from "./hpack/decoder.js";
export { HpackEncoder } from "./hpack/encoder.js";
export type { Rate } from "./limits.js";
export type { Http2Options } from "./options.js";
export { ServerConnection } from "./server-connection.js";
export type { PeerSettings } from "./settings.js";
export type { Http2Stream } from "./stream.js";
export { noEvents, type StreamEvents, type StreamFailure } from "./stream-events.js";
