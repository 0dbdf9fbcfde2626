// SPDX-License-Identifier: Apache-2.0

/** Error codes of HTTP/2. https://www.rfc-editor.org/rfc/rfc9113.html#section-7 */
export const ErrorCode = {
  NO_ERROR: 0x0,
  PROTOCOL_ERROR: 0x1,
  INTERNAL_ERROR: 0x2,
  FLOW_CONTROL_ERROR: 0x3,
  SETTINGS_TIMEOUT: 0x4,
  STREAM_CLOSED: 0x5,
  FRAME_SIZE_ERROR: 0x6,
  REFUSED_STREAM: 0x7,
  CANCEL: 0x8,
  COMPRESSION_ERROR: 0x9,
  CONNECT_ERROR: 0xa,
  ENHANCE_YOUR_CALM: 0xb,
  INADEQUATE_SECURITY: 0xc,
  HTTP_1_1_REQUIRED: 0xd,
} as const;

const names = new Map<number, string>(
  Object.entries(ErrorCode).map(([name, code]) => [code, name]),
);

/** The name of an error code, such as `REFUSED_STREAM`; unknown ones as a number. */
export function errorCodeName(code: number): string {
  return names.get(code) ?? `0x${code.toString(16)}`;
}

/** The peer broke a rule that ends the connection. `code` is for its GOAWAY. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/** A rule that a peer broke, or a limit that it exceeded. */
export interface Violation {
  /** What it ended: the connection (GOAWAY) or one stream (RST_STREAM). */
  readonly scope: "connection" | "stream";
  /** Stream that it happened on; 0: the connection as such. */
  readonly streamId: number;
  /** Error code that the peer was sent. */
  readonly code: number;
  /** What the peer did, for a log. */
  readonly message: string;
}
