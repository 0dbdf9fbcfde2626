// SPDX-License-Identifier: Apache-2.0
import { createRegistry } from "@bufbuild/protobuf";
import { createValidator } from "@bufbuild/protovalidate";
import { file_buf_validate_validate } from "@bufbuild/protovalidate/gen/buf/validate/validate_pb.js";
import { Code, ConnectError } from "@connectrpc/connect";
import { findFieldViolations } from "connect-stream";
import { createValidation } from "connect-stream/protovalidate";
import { expect, it } from "vitest";
import {
  createAnalyticsServiceClient,
  registerAnalyticsService,
} from "../../../gen/analytics/v1/analytics_stream.js";
import { analytics } from "./guide.js";
import { start } from "./harness.js";

const event = { eventType: "signup", timestamp: "2025-03-14T06:00:00Z", data: Uint8Array.of(1) };

it("a server refuses invalid requests", async () => {
  const { transport } = await start((router) => {
    registerAnalyticsService(router, analytics, { validation: createValidation() });
  });
  const client = createAnalyticsServiceClient(transport);
  const faults: string[] = [];
  try {
    await using stream = client.process();
    await stream.send({ ...event, timestamp: "yesterday" });
    await stream.closeAndRecv();
  } catch (error) {
    if (ConnectError.from(error).code !== Code.InvalidArgument) throw error;
    for (const { field, description } of findFieldViolations(error)) {
      faults.push(`${field}: ${description}`); // timestamp: must be a time of RFC 3339
    }
  }
  expect(faults).toEqual(["timestamp: must be a time of RFC 3339"]);
});

it("a client does not send what is invalid", async () => {
  const { transport } = await start((router) => registerAnalyticsService(router, analytics));
  const client = createAnalyticsServiceClient(transport, {
    validation: createValidation({ sent: true }),
  });
  const stream = client.process();
  const refused = await stream.send({ eventType: "signup" }).catch(ConnectError.from);
  await stream.send(event); // the stream goes on
  expect(refused?.code).toBe(Code.InvalidArgument);
  expect((await stream.closeAndRecv()).processedCount).toBe(1n);
  const unchecked = client.process({ validation: false });
  await unchecked.send({});
  expect((await unchecked.closeAndRecv()).processedCount).toBe(1n);
});

it("takes a validator with options of its own", async () => {
  const registry = createRegistry(file_buf_validate_validate); // with predefined rules of yours
  const validator = createValidator({ registry, failFast: true });
  const validation = createValidation({ validator });
  const { transport } = await start((router) => {
    registerAnalyticsService(router, analytics, { validation });
  });
  const stream = createAnalyticsServiceClient(transport).process();
  void stream.send({}).catch(() => undefined);
  const error = await stream.closeAndRecv().catch((reason: unknown) => reason);
  expect(findFieldViolations(error)).toHaveLength(1);
});
