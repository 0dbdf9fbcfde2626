// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { createContextValues, createHandlerContext } from "@connectrpc/connect";
import type { RpcObserver } from "connect-stream";
import { noQueues } from "../../runtime/src/protocol/call-queues.js";
import { Call } from "../../runtime/src/server/call.js";
import type { Carrier } from "../../runtime/src/server/carrier.js";
import { DerivedContext } from "../../runtime/src/server/context.js";
import { ServerObservation } from "../../runtime/src/server/observe.js";
import type { CallLayers } from "../../runtime/src/server/pipeline.js";
import type { RunHandler } from "../../runtime/src/server/server-call.js";
import { HeartbeatService } from "./gen/lab/v1/policy_pb.js";

/** Carries a call of the server to a test: what it is told, and what the test says has left. */
export class FakeCarrier implements Carrier {
  readonly messages: object[] = [];
  readonly events: string[] = [];
  readonly source = { take: () => undefined };
  readonly received = { messages: 1, bytes: 0, dropped: 0 };
  readonly unread = { messages: 0, bytes: 0, dropped: 0 };
  taken = 1;
  unsent = 0;
  refusal: ConnectError | undefined;
  readonly sink = {
    size: 0,
    encode: (message: object) => {
      if (this.refusal) throw this.refusal;
      return message;
    },
    write: (message: object) => this.messages.push(message) > 0,
  };

  get sent() {
    return { messages: this.messages.length, bytes: 0 };
  }

  sendHeaders(): undefined {
    this.events.push("headers");
  }

  stopReceiving(): void {}

  whenAnswerable(answer: () => void): void {
    answer();
  }

  end(error: ConnectError | undefined, abrupt: boolean): ConnectError | undefined {
    this.events.push(`${abrupt ? "abort" : "end"} ${error?.code ?? "ok"}`);
    return error;
  }

  reset(error: ConnectError): void {
    this.events.push(`reset ${error.code}`);
  }

  close(): void {
    this.events.push("close");
  }
}

/** Starts a call on `carrier`. */
export function startCall(
  carrier: FakeCarrier,
  run: RunHandler,
  layers: Partial<CallLayers> = {},
  observer?: RpcObserver,
  deadlineMs?: number,
): Call {
  const method = HeartbeatService.method.watch;
  const handlerContext = createHandlerContext({
    service: HeartbeatService,
    method,
    protocolName: "",
    requestMethod: "POST",
    url: "http://localhost",
    requestHeader: {},
    contextValues: createContextValues(),
  });
  const context = new DerivedContext(handlerContext, {}, true);
  const call = new Call(carrier, {
    context,
    layers: { run, queues: noQueues, ...layers },
    onError: () => undefined,
    deadlineMs,
    observation: ServerObservation.open(observer, context),
  });
  call.start();
  return call;
}
