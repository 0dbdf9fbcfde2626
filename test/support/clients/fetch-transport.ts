// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import type {
  CommonTransportOptions,
  UniversalClientFn,
  UniversalClientRequest,
} from "@connectrpc/connect/protocol";
import { createTransport as createConnectTransport } from "@connectrpc/connect/protocol-connect";
import { createTransport as createGrpcWebTransport } from "@connectrpc/connect/protocol-grpc-web";

/** What answers a request: a handler in this process, or `fetch`. */
export type Fetch = (request: Request) => Promise<Response>;

/** A protocol and a codec that a `Response` can carry. */
export interface FetchFormat {
  readonly protocol: "connect" | "grpc-web";
  readonly binary: boolean;
  readonly name: string;
}

export const fetchFormats: readonly FetchFormat[] = [
  { protocol: "connect", binary: true, name: "Connect, binary" },
  { protocol: "connect", binary: false, name: "Connect, JSON" },
  { protocol: "grpc-web", binary: true, name: "gRPC-Web, binary" },
  { protocol: "grpc-web", binary: false, name: "gRPC-Web, JSON" },
];

/** Connect's protocols, all kinds of RPC, on requests whose bodies stream. */
export function fetchTransport(
  answer: Fetch,
  { protocol, binary }: FetchFormat,
  options: Partial<CommonTransportOptions> & { baseUrl?: string } = {},
): Transport {
  const all = {
    baseUrl: "https://in.process",
    interceptors: [],
    acceptCompression: [],
    sendCompression: null,
    compressMinBytes: 0,
    readMaxBytes: 2 ** 31,
    writeMaxBytes: 2 ** 31,
    useBinaryFormat: binary,
    ...options,
  };
  const httpClient = clientOn(answer);
  return protocol === "connect"
    ? createConnectTransport({ ...all, httpClient })
    : createGrpcWebTransport({ ...all, httpClient });
}

function clientOn(answer: Fetch): UniversalClientFn {
  return async (request) => {
    const response = await answer(toRequest(request));
    return {
      status: response.status,
      header: response.headers,
      body: chunksOf(response.body),
      trailer: new Headers(),
    };
  };
}

/** `duplex` is in no type yet. */
interface StreamingInit extends RequestInit {
  duplex: "half";
}

function toRequest({ url, method, header, body, signal }: UniversalClientRequest): Request {
  const init: StreamingInit = { method, headers: header, duplex: "half" };
  if (signal) init.signal = signal;
  if (body) init.body = streamOf(body);
  return new Request(url, init);
}

/** Takes from `source` when the reader asks, so that backpressure arrives. */
function streamOf(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]();
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await iterator.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Connect wants an iterable that it can throw into. */
async function* chunksOf(
  body: ReadableStream<Uint8Array> | null,
): AsyncGenerator<Uint8Array, void, void> {
  const reader = body?.getReader();
  try {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      yield next.value;
    }
  } finally {
    await reader?.cancel();
  }
}
