// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { EndedBy } from "connect-stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { noQueues } from "../../runtime/src/protocol/call-queues.js";
import { DeadlineSkew } from "../../runtime/src/server/deadline-skew.js";
import { IterableCarrier } from "../../runtime/src/server/iterable-carrier.js";
import { ServerObservation } from "../../runtime/src/server/observe.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";

const TIMEOUT_MS = 300;
const canceled = new ConnectError("gone", Code.Canceled);

beforeEach(() => vi.useFakeTimers({ toFake: ["Date", "performance"] }));
afterEach(() => vi.useRealTimers());

/** A context as an adapter of Connect makes it, and how the client goes away. */
function served(method: HandlerContext["method"]) {
  const controller = new AbortController();
  const end = Date.now() + TIMEOUT_MS;
  const context: HandlerContext = {
    method,
    service: LabService,
    signal: controller.signal,
    timeoutMs: () => end - Date.now(),
    requestMethod: "POST",
    requestHeader: new Headers(),
    responseHeader: new Headers(),
    responseTrailer: new Headers(),
    protocolName: "grpc",
    values: createContextValues(),
    url: "http://localhost/",
  };
  return { context, leave: () => controller.abort(canceled) };
}

describe("a client that is gone", () => {
  it.each([
    [TIMEOUT_MS, 199, Code.Canceled],
    [TIMEOUT_MS, 200, Code.DeadlineExceeded],
    [100, 49, Code.Canceled],
    [100, 50, Code.DeadlineExceeded],
    [-5, 0, Code.DeadlineExceeded],
    [undefined, 1e9, Code.Canceled],
  ])("with a deadline of %s ms, after %d ms", (timeoutMs, after, code) => {
    const skew = new DeadlineSkew(timeoutMs);
    vi.advanceTimersByTime(after);
    expect(skew.explain(canceled).code).toBe(code);
  });

  it.each([
    [LabService.method.unary, 100, Code.Canceled, "client"],
    [LabService.method.unary, 290, Code.DeadlineExceeded, "deadline"],
    [LabService.method.download, 100, Code.Canceled, "client"],
    [LabService.method.download, 290, Code.DeadlineExceeded, "deadline"],
  ])(
    "as a handler of %s on a stock adapter sees it after %d ms",
    async (method, after, code, by) => {
      const { context, leave } = served(method);
      const ends: EndedBy[] = [];
      const onEnd = ({ endedBy }: { endedBy: EndedBy }) => ends.push(endedBy);
      const carrier = new IterableCarrier({
        layers: { run: () => new Promise(() => undefined), queues: noQueues },
        input: (async function* () {})(),
        method,
        context,
        onError: () => undefined,
        observe: (observed) => ServerObservation.open({ open: () => ({ onEnd }) }, observed),
      });
      carrier.start();
      vi.advanceTimersByTime(after);
      leave();
      expect(carrier.call.context.signal.reason).toMatchObject({ code });
      expect(ends).toEqual([by]);
    },
  );
});
