// SPDX-License-Identifier: Apache-2.0
import type { StreamServiceOptions } from "connect-stream";
import {
  createFetchHandler,
  type FetchHandler,
  type FetchHandlerOptions,
} from "connect-stream/fetch";
import { type FetchFormat, fetchTransport } from "../support/clients/fetch-transport.js";
import { plainClient } from "../support/clients/plain-connect.js";
import type { TestClient } from "../support/clients/test-client.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { note } from "../support/note.js";

export interface FetchLabOptions {
  handler?: Omit<FetchHandlerOptions, "routes">;
  service?: StreamServiceOptions;
  transport?: Parameters<typeof fetchTransport>[2];
}

/** `handler` as `LabService`, on `createFetchHandler`. */
export function labHandler(
  handler: Partial<LabServiceHandler>,
  options: FetchLabOptions = {},
): FetchHandler {
  return createFetchHandler({
    ...options.handler,
    routes: (router) => registerLabService(router, handler, options.service),
  });
}

/** A client of it in this process. */
export function clientOf(
  handler: Partial<LabServiceHandler>,
  format: FetchFormat,
  options: FetchLabOptions = {},
): TestClient {
  return plainClient(fetchTransport(labHandler(handler, options), format, options.transport));
}

/** Answers with what it is sent. */
export const echo: LabServiceHandler = {
  unary: async (request) => request,
  async download({ number }, stream) {
    for (let at = 0n; at < number; at++) await stream.send({ number: at });
  },
  async upload(stream) {
    let text = "";
    let number = 0n;
    for await (const message of stream) {
      text += message.text;
      number++;
    }
    await stream.sendAndClose({ ...note(text), number });
  },
  async chat(stream) {
    for await (const message of stream) await stream.send(message);
  },
};
