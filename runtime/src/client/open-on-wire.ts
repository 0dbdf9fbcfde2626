// SPDX-License-Identifier: Apache-2.0
import { BodyCarrier } from "./body-carrier.js";
import type { Call } from "./call.js";
import type { CallInit } from "./client-call.js";
import { WireCarrier } from "./wire-carrier.js";
import { requestOf, type WireMethod, type WireRequest } from "./wire-method.js";

/** Opens a call on a wire. `request`: its headers, if they are all there already. */
export function openOnWire(
  method: WireMethod,
  init: CallInit,
  request: WireRequest = requestOf(method, init),
): Call<unknown> {
  const Form = method.isBody ? BodyCarrier : WireCarrier;
  return new Form(method, request, init).call;
}
