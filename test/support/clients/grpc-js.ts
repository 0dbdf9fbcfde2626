// SPDX-License-Identifier: Apache-2.0
import type { Readable } from "node:stream";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "@connectrpc/connect";
import * as grpc from "@grpc/grpc-js";
import { gate } from "../gate.js";
import { type Note, NoteSchema } from "../gen/lab/v1/lab_pb.js";
import type { NoteInit } from "../note.js";
import type { TestCall, TestCallOptions, TestClient } from "./test-client.js";

const serialize = (message: Note) => Buffer.from(toBinary(NoteSchema, message));
const deserialize = (bytes: Buffer) => fromBinary(NoteSchema, bytes);
const path = (rpc: string) => `/lab.v1.LabService/${rpc}`;

/** `@grpc/grpc-js`, which knows nothing of Connect. */
export function grpcJsClient(url: string): TestClient {
  const client = new grpc.Client(new URL(url).host, grpc.credentials.createInsecure());
  return {
    unary: (request, options) =>
      new Promise((resolve, reject) => {
        const message = create(NoteSchema, request);
        const [metadata, limits] = convert(options);
        client.makeUnaryRequest(
          path("Unary"),
          serialize,
          deserialize,
          message,
          metadata,
          limits,
          (error, response) => (response ? resolve(response) : reject(error && toConnect(error))),
        );
      }),
    download(request, options) {
      const message = create(NoteSchema, request);
      const [metadata, limits] = convert(options);
      const call = client.makeServerStreamRequest(
        path("Download"),
        serialize,
        deserialize,
        message,
        metadata,
        limits,
      );
      return { ...ends(call), ...reader(call), send: async () => undefined, closeSend() {} };
    },
    upload(options) {
      const response = gate<Note | ConnectError>();
      const [metadata, limits] = convert(options);
      const call = client.makeClientStreamRequest(
        path("Upload"),
        serialize,
        deserialize,
        metadata,
        limits,
        (error, message) => response.resolve(error ? toConnect(error) : (message as Note)),
      );
      let answered = false;
      return {
        ...ends(call),
        ...writer(call),
        async recv() {
          const result = await response.promise;
          if (result instanceof ConnectError) throw result;
          const message = answered ? undefined : result;
          answered = true;
          return message;
        },
      };
    },
    chat(options) {
      const [metadata, limits] = convert(options);
      const call = client.makeBidiStreamRequest(
        path("Chat"),
        serialize,
        deserialize,
        metadata,
        limits,
      );
      return { ...ends(call), ...writer(call), ...reader(call) };
    },
    close: () => client.close(),
  };
}

function convert({ headers, timeoutMs }: TestCallOptions = {}): [grpc.Metadata, grpc.CallOptions] {
  const metadata = new grpc.Metadata();
  for (const [name, value] of Object.entries(headers ?? {})) metadata.set(name, value);
  return [metadata, timeoutMs === undefined ? {} : { deadline: Date.now() + timeoutMs }];
}

type Ends = Pick<TestCall, "header" | "trailer" | "cancel">;

function ends(call: {
  on(event: "metadata", listener: (metadata: grpc.Metadata) => void): unknown;
  on(event: "status", listener: (status: grpc.StatusObject) => void): unknown;
  cancel(): void;
}): Ends {
  const header = gate<Headers>();
  const trailer = gate<Headers>();
  call.on("metadata", (metadata) => header.resolve(toHeaders(metadata)));
  call.on("status", (status) => trailer.resolve(toHeaders(status.metadata)));
  return { header: header.promise, trailer: trailer.promise, cancel: () => call.cancel() };
}

function writer(call: {
  write(message: Note, done: () => void): unknown;
  end(): void;
}): Pick<TestCall, "send" | "closeSend"> {
  return {
    send: (message: NoteInit) =>
      new Promise((resolve) => call.write(create(NoteSchema, message), resolve)),
    closeSend: () => call.end(),
  };
}

/** Reads one message at a time, so that flow control holds the server back. */
function reader(call: Readable): Pick<TestCall, "recv"> {
  let failed: ConnectError | undefined;
  let ended = false;
  let wake: (() => void) | undefined;
  const notify = () => wake?.();
  call.on("readable", notify);
  call.on("end", () => {
    ended = true;
    notify();
  });
  call.on("error", (error: grpc.ServiceError) => {
    failed = toConnect(error);
    notify();
  });
  return {
    async recv() {
      for (;;) {
        const message: unknown = call.read();
        if (message) return message as Note;
        // grpc-js tells the end of the messages before it tells the error.
        if (failed) throw failed;
        if (ended) {
          await new Promise((resolve) => setImmediate(resolve));
          if (failed) throw failed;
          return undefined;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}

function toConnect(error: grpc.ServiceError): ConnectError {
  // A stream that is destroyed early fails with an error of Node's, whatever the types say.
  if (typeof error.code !== "number") return ConnectError.from(error);
  // The numbers of gRPC's codes are Connect's.
  const code = error.code as number as Code;
  return new ConnectError(error.details, code, toHeaders(error.metadata));
}

/** A call that is cancelled early may have no metadata, whatever the types say. */
function toHeaders(metadata: grpc.Metadata | undefined): Headers {
  const headers = new Headers();
  if (!metadata) return headers;
  for (const name of Object.keys(metadata.getMap())) {
    for (const value of metadata.get(name)) {
      headers.append(name, typeof value === "string" ? value : value.toString("base64"));
    }
  }
  return headers;
}
