// SPDX-License-Identifier: Apache-2.0
import { createValidator } from "@bufbuild/protovalidate";
import type { ConnectRouter, Transport } from "@connectrpc/connect";
import type { StreamValidation } from "connect-stream";
import { createValidation } from "connect-stream/protovalidate";
import {
  createMonitorServiceClient,
  registerMonitorService,
} from "../../gen/monitor/v1/monitor_stream.js";

declare const router: ConnectRouter;
declare const transport: Transport;

/** One object for services, clients and calls; or anything else that validates. */
export function accepted(): void {
  const validation = createValidation({ validator: createValidator(), sent: true });
  registerMonitorService(router, {}, { validation });
  const client = createMonitorServiceClient(transport, { validation });
  client.watch({}, { validation: false });
  client.watch({}, { validation });
  const own: StreamValidation = { sent: false, prepare: () => {}, check: () => undefined };
  registerMonitorService(router, {}, { validation: own });
}

/** What is wrong is refused. */
export function refused(): void {
  // @ts-expect-error a validator is no validation
  registerMonitorService(router, {}, { validation: createValidator() });
  // @ts-expect-error there is none by default
  createMonitorServiceClient(transport, { validation: false });
  // @ts-expect-error no such option
  createValidation({ received: true });
}
