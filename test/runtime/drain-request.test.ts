// SPDX-License-Identifier: Apache-2.0
import { IncomingMessage, ServerResponse } from "node:http";
import { Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { drainRequest } from "../../runtime/src/node/server/drain-request.js";
import { LINGER_MS } from "../../runtime/src/server/half-close.js";

describe("a request over HTTP/1.1 that goes on after its answer", () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  function answered(abrupt: boolean) {
    const socket = new Socket();
    const request = new IncomingMessage(socket);
    const response = new ServerResponse(request);
    drainRequest(request, response, abrupt);
    return { socket, response };
  }

  it("is cut off some time after the answer has been written", () => {
    const { socket, response } = answered(false);
    // The client is slow to read.
    vi.advanceTimersByTime(10 * LINGER_MS);
    expect(socket.destroyed).toBe(false);
    response.emit("finish");
    vi.advanceTimersByTime(LINGER_MS - 1);
    expect(socket.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(socket.destroyed).toBe(true);
  });

  it("is cut off in any case if the call ended abruptly", () => {
    const { socket } = answered(true);
    vi.advanceTimersByTime(LINGER_MS);
    expect(socket.destroyed).toBe(true);
  });
});
