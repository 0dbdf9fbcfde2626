// SPDX-License-Identifier: Apache-2.0
// Limits of time of a client with retries: they hold for all attempts together.
import { Code, ConnectError } from "@connectrpc/connect";
import type { RetryPolicy, StreamTimeouts } from "connect-stream";
import { expect, it, onTestFinished } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import {
  createLabServiceClient,
  type LabServiceHandler,
} from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { grpcOn2 } from "../support/wires.js";

/** The second attempt comes when the limits of these tests have long passed. */
const patient: RetryPolicy = {
  initialBackoffMs: 60_000,
  maxBackoffMs: 60_000,
  retryableCodes: [Code.Unavailable],
};
const quick: RetryPolicy = { ...patient, initialBackoffMs: 1, maxBackoffMs: 1 };

async function start(
  download: LabServiceHandler["download"],
  retry: RetryPolicy,
  timeouts: StreamTimeouts,
) {
  const lab = await startLab({ download });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const options = { retry, timeouts };
  return createLabServiceClient(ourTransport(lab.url, grpcOn2), options).download({ text: "a" });
}

async function busy(): Promise<void> {
  throw new ConnectError("busy", Code.Unavailable);
}

it.each<[StreamTimeouts, Code, string]>([
  [{ firstMessageMs: 50 }, Code.DeadlineExceeded, "no first message within 50 ms"],
  [{ idleMs: 50 }, Code.DeadlineExceeded, "no message for 50 ms"],
  [{ maxAgeMs: 50 }, Code.Unavailable, "maximum age of 50 ms"],
])("%o ends the call while it waits for its next attempt", async (timeouts, code, text) => {
  const stream = await start(busy, patient, timeouts);
  const error = await failure(stream.recv());
  expect(error.code).toBe(code);
  expect(error.message).toContain(text);
  expect(await stream.outcome).toMatchObject({ code, endedBy: "deadline", attempts: 1 });
});

it("a recv that times out while attempts fail loses no message", async () => {
  const opened = gate();
  let attempts = 0;
  const stream = await start(
    async (request, stream) => {
      if (++attempts === 1) return busy();
      await opened.promise;
      await stream.send(request);
    },
    quick,
    { recvMs: 50 },
  );
  expect(await failure(stream.recv())).toMatchObject({ code: Code.DeadlineExceeded });
  opened.resolve();
  expect(await stream.recv({ timeoutMs: 60_000 })).toMatchObject({ text: "a" });
  expect(await stream.recv()).toBeUndefined();
  expect(await stream.outcome).toMatchObject({ code: undefined, attempts: 2 });
});
