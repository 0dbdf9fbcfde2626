// SPDX-License-Identifier: Apache-2.0
import { toBinary } from "@bufbuild/protobuf";
import type { StreamClientOptions, StreamServiceOptions } from "connect-stream";
import { onTestFinished } from "vitest";
import { ourTransport, type SharedOptions } from "./clients/transports.js";
import { NoteSchema } from "./gen/lab/v1/lab_pb.js";
import {
  createLabServiceClient,
  type LabServiceClient,
  type LabServiceHandler,
} from "./gen/lab/v1/lab_stream.js";
import { type Lab, startLab } from "./lab.js";
import { note } from "./note.js";
import { Recorder } from "./recorder.js";
import { grpcOn2, type Wire } from "./wires.js";

/** All kinds: what comes in goes out. */
export const echo: LabServiceHandler = {
  unary: async ({ text }) => ({ text }),
  async download({ text }, stream) {
    for (const part of text.split(",")) await stream.send({ text: part });
  },
  async upload(stream) {
    const texts: string[] = [];
    for await (const { text } of stream) texts.push(text);
    await stream.sendAndClose({ text: texts.join() });
  },
  async chat(stream) {
    for await (const { text } of stream) await stream.send({ text });
  },
};

/** The sizes of messages with these texts. */
export const sizes = (...texts: string[]) =>
  texts.map((text) => toBinary(NoteSchema, note(text)).byteLength);

/** Both sides, and who watches them. */
export interface Watched {
  readonly lab: Lab;
  readonly client: LabServiceClient;
  readonly server: Recorder;
  readonly local: Recorder;
}

/** How to set them up. */
export interface WatchedOptions {
  wire?: Wire;
  create?: typeof ourTransport;
  transport?: SharedOptions;
  service?: StreamServiceOptions;
  client?: StreamClientOptions;
  fragile?: boolean;
}

/** A server and a generated client, each with an observer. */
export async function watched(
  handler: Partial<LabServiceHandler>,
  options: WatchedOptions = {},
): Promise<Watched> {
  const { wire = grpcOn2, create = ourTransport } = options;
  const server = new Recorder();
  const local = new Recorder();
  const lab = await startLab(handler, {
    http: wire.http,
    service: { observer: server, onError: () => undefined, ...options.service },
  });
  onTestFinished(() => lab[Symbol.asyncDispose]());
  const url = options.fragile ? lab.fragileUrl : lab.url;
  const transport = create(url, wire, options.transport);
  const client = createLabServiceClient(transport, { observer: local, ...options.client });
  return { lab, client, server, local };
}

/** Headers with a deadline that the client does not know of. */
export function deadline({ protocol }: Wire): Record<string, string> {
  return protocol === "connect" ? { "connect-timeout-ms": "50" } : { "grpc-timeout": "50m" };
}
