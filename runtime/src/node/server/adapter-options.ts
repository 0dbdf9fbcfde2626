// SPDX-License-Identifier: Apache-2.0
import { type HostOption, hostOptions, type RouterOption } from "../../options/connect-options.js";
import { checkedElsewhere, type Settings } from "../../options/declare.js";
import type { StreamNodeAdapterOptions } from "./stream-node-adapter.js";

/** With those of newer versions of Connect. */
export type AdapterOption = keyof StreamNodeAdapterOptions | RouterOption | HostOption;

/** The options of `streamNodeAdapter`. */
export const adapterOptions: Settings<AdapterOption> = {
  ...hostOptions,
  drainSignal: checkedElsewhere,
};
