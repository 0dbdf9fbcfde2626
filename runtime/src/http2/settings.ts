// SPDX-License-Identifier: Apache-2.0
import { ConnectionError, ErrorCode } from "./errors.js";
import { readUint32 } from "./frames/frame-types.js";
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_HEADER_TABLE_BYTES,
  DEFAULT_WINDOW_BYTES,
  MAX_FRAME_BYTES,
  MAX_WINDOW_BYTES,
} from "./limits.js";

/** Settings, by number. https://www.rfc-editor.org/rfc/rfc9113.html#section-6.5.2 */
export const SettingId = {
  HEADER_TABLE_SIZE: 0x1,
  ENABLE_PUSH: 0x2,
  MAX_CONCURRENT_STREAMS: 0x3,
  INITIAL_WINDOW_SIZE: 0x4,
  MAX_FRAME_SIZE: 0x5,
  MAX_HEADER_LIST_SIZE: 0x6,
} as const;

/** A setting and its value. */
export type Setting = readonly [id: number, value: number];

/** What a peer has set, or the defaults until it has. */
export class PeerSettings {
  headerTableSize: number = DEFAULT_HEADER_TABLE_BYTES;
  maxConcurrentStreams: number = Number.POSITIVE_INFINITY;
  initialWindowSize: number = DEFAULT_WINDOW_BYTES;
  maxFrameSize: number = DEFAULT_FRAME_BYTES;
  maxHeaderListSize: number = Number.POSITIVE_INFINITY;

  /**
   * Takes over the payload of a SETTINGS frame. Unknown ones are ignored. `fromServer`: servers do
   * not allow push.
   */
  apply(bytes: Uint8Array, start: number, end: number, fromServer: boolean): void {
    for (let at = start; at < end; at += 6) {
      const id = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
      this.#set(id, readUint32(bytes, at + 2), fromServer);
    }
  }

  #set(id: number, value: number, fromServer: boolean): void {
    switch (id) {
      case SettingId.HEADER_TABLE_SIZE:
        this.headerTableSize = value;
        break;
      case SettingId.ENABLE_PUSH:
        if (value > (fromServer ? 0 : 1)) throw invalid("SETTINGS_ENABLE_PUSH", value);
        break;
      case SettingId.MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        break;
      case SettingId.INITIAL_WINDOW_SIZE:
        if (value > MAX_WINDOW_BYTES) {
          const code = ErrorCode.FLOW_CONTROL_ERROR;
          throw invalid("SETTINGS_INITIAL_WINDOW_SIZE", value, code);
        }
        this.initialWindowSize = value;
        break;
      case SettingId.MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > MAX_FRAME_BYTES) {
          throw invalid("SETTINGS_MAX_FRAME_SIZE", value);
        }
        this.maxFrameSize = value;
        break;
      case SettingId.MAX_HEADER_LIST_SIZE:
        this.maxHeaderListSize = value;
        break;
    }
  }
}

function invalid(
  name: string,
  value: number,
  code: number = ErrorCode.PROTOCOL_ERROR,
): ConnectionError {
  return new ConnectionError(code, `${name} of ${value}`);
}
