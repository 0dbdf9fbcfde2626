// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import { createLabServiceClient } from "../gen/lab/v1/lab_stream.js";
import type { TestCall, TestClient } from "./test-client.js";

/** The generated client, on any transport. */
export function generatedClient(transport: Transport): TestClient {
  const client = createLabServiceClient(transport);
  return {
    unary: (request, options) => client.unary(request, options),
    download(request, options) {
      const stream = client.download(request, options);
      return {
        ...ends(stream),
        send: () => Promise.resolve(),
        closeSend: () => undefined,
        recv: () => stream.recv(),
      };
    },
    upload(options) {
      const stream = client.upload(options);
      let answered = false;
      return {
        ...ends(stream),
        send: (message) => stream.send(message),
        closeSend: () => void stream.closeAndRecv(),
        async recv() {
          const response = answered ? undefined : await stream.closeAndRecv();
          answered = true;
          return response;
        },
      };
    },
    chat(options) {
      const stream = client.chat(options);
      return {
        ...ends(stream),
        send: (message) => stream.send(message),
        closeSend: () => void stream.closeSend(),
        recv: () => stream.recv(),
      };
    },
    close: () => undefined,
  };
}

function ends(stream: {
  close(): void;
  header: Promise<Headers>;
  trailer: Promise<Headers>;
}): Pick<TestCall, "cancel" | "header" | "trailer"> {
  return { cancel: () => stream.close(), header: stream.header, trailer: stream.trailer };
}
