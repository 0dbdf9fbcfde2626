// SPDX-License-Identifier: Apache-2.0
import { Deadline, type Deadlines } from "./deadlines.js";
import type { HeaderBlockReader } from "./header-block-reader.js";
import type { Inbound } from "./inbound.js";
import { FRAME_BYTES } from "./limits.js";
import type { ResolvedHttp2Options } from "./options.js";
import type { Outbound } from "./outbound.js";
import { type PeerSettings, type Setting, SettingId } from "./settings.js";
import type { StreamSet } from "./stream-set.js";

/** What settings have an effect on. */
export interface SettingsContext {
  readonly options: ResolvedHttp2Options;
  readonly peer: PeerSettings;
  readonly isServer: boolean;
  readonly outbound: Outbound;
  readonly inbound: Inbound;
  readonly streams: StreamSet;
  readonly blocks: HeaderBlockReader;
  readonly deadlines: Deadlines;
}

/** SETTINGS, both ways: ours until the peer has acknowledged them, and the peer's. */
export class SettingsExchange {
  readonly #context: SettingsContext;

  constructor(context: SettingsContext) {
    this.#context = context;
  }

  /** Sends ours, which is the first frame. `own`: those that one side alone has. */
  send(own: readonly Setting[]): void {
    const { options, outbound, inbound, deadlines } = this.#context;
    outbound.control.settings([
      ...own,
      [SettingId.INITIAL_WINDOW_SIZE, options.streamWindowBytes],
      [SettingId.MAX_FRAME_SIZE, FRAME_BYTES],
      [SettingId.MAX_HEADER_LIST_SIZE, options.maxHeaderListBytes],
      [SettingId.HEADER_TABLE_SIZE, options.headerTableBytes],
    ]);
    inbound.open();
    deadlines.set(Deadline.PREFACE, options.prefaceTimeoutMs);
    deadlines.set(Deadline.SETTINGS_ACK, options.settingsTimeoutMs);
  }

  /** The peer has acknowledged ours. */
  acknowledged(): void {
    const { options, inbound, streams, blocks, deadlines } = this.#context;
    if (!deadlines.isSet(Deadline.SETTINGS_ACK)) return;
    deadlines.clear(Deadline.SETTINGS_ACK);
    inbound.settingsAcknowledged(streams.open.list());
    blocks.decoder.setTableLimit(options.headerTableBytes);
  }

  /** The peer has sent its own. */
  received(bytes: Uint8Array, start: number, end: number): void {
    const { peer, outbound, streams, deadlines, isServer } = this.#context;
    const { initialWindowSize } = peer;
    peer.apply(bytes, start, end, !isServer);
    deadlines.clear(Deadline.PREFACE);
    outbound.encoder.setTableLimit(peer.headerTableSize);
    const change = peer.initialWindowSize - initialWindowSize;
    if (change !== 0) streams.widenAll(change);
    outbound.control.settingsAck();
  }
}
