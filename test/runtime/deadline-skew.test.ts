// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, createContextValues, type HandlerContext } from "@connectrpc/connect";
import type { EndedBy } from "connect-stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import "../support/process-faults.js";
import { noQueues } from "../../runtime/src/protocol/call-queues.js";
import { DeadlineSkew } from "../../runtime/src/server/deadline-skew.js";
import { IterableCall } from "../../runtime/src/server/iterable-call.js";
import { ServerWatch } from "../../runtime/src/server/observe.js";
import { unaryImpl } from "../../runtime/src/server/unary-impl.js";
import { failure } from "../support/gate.js";
import { LabService } from "../support/gen/lab/v1/lab_pb.js";
import { note } from "../support/note.js";

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
    [100, Code.Canceled],
    [290, Code.DeadlineExceeded],
  ])("after %d ms, as a unary handler sees it", async (after, code) => {
    const { context, leave } = served(LabService.method.unary);
    const signals: AbortSignal[] = [];
    const impl = unaryImpl(
      (_request, { signal }) => {
        signals.push(signal);
        return new Promise(() => undefined);
      },
      () => undefined,
    );
    const answer = failure(Promise.resolve(impl(note(""), context)));
    vi.advanceTimersByTime(after);
    leave();
    expect((await answer).code).toBe(code);
    expect(signals[0]?.reason).toMatchObject({ code });
  });

  it.each([
    [100, Code.Canceled, "client"],
    [290, Code.DeadlineExceeded, "deadline"],
  ])("after %d ms, as a stream on a stock adapter sees it", async (after, code, by) => {
    const { context, leave } = served(LabService.method.download);
    const ends: EndedBy[] = [];
    const onEnd = ({ endedBy }: { endedBy: EndedBy }) => ends.push(endedBy);
    const call = new IterableCall({
      run: () => new Promise(() => undefined),
      input: (async function* () {})(),
      method: LabService.method.download,
      queues: noQueues,
      context,
      onError: () => undefined,
      outer: undefined,
      watch: ServerWatch.open({ open: () => ({ onEnd }) }, context),
    });
    vi.advanceTimersByTime(after);
    leave();
    expect(call.context.signal.reason).toMatchObject({ code });
    expect(ends).toEqual([by]);
  });
});
