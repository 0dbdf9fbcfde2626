// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type { ProtocolName } from "../protocol/protocol.js";

/** What a transport was made for, which Connect's own type does not tell. */
export interface TransportInfo {
  readonly protocol: ProtocolName;
  readonly baseUrl: string;
}

const infos = new WeakMap<Transport, TransportInfo>();

export function registerTransportInfo(transport: Transport, info: TransportInfo): void {
  infos.set(transport, info);
}

/** `undefined` for transports that are not of this package. */
export function findTransportInfo(transport: Transport): TransportInfo | undefined {
  return infos.get(transport);
}
