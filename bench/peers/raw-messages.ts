// SPDX-License-Identifier: Apache-2.0
import type * as http2 from "node:http2";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type Sample, SampleSchema } from "../gen/bench/v1/bench_pb.js";
import type { Progress } from "./peer.js";
import { envelope, Gather, Scan } from "./raw-envelopes.js";
import { plainSample } from "./samples.js";

/** A message to send. */
export const message = (size: number, text = false): Sample =>
  create(SampleSchema, plainSample(size, text));

/** Sends the only message, and half-closes. */
export function sendOnly(stream: http2.Http2Stream, data: Uint8Array): void {
  stream.end(envelope(data));
}

/** Sends a message again and again, as flow control lets it, and half-closes. */
export function sendAll(
  stream: http2.Http2Stream,
  sample: Sample,
  count: number,
  progress?: Progress,
): void {
  if (count === 1) {
    if (progress) progress.accepted++;
    return sendOnly(stream, toBinary(SampleSchema, sample));
  }
  const gather = new Gather(stream);
  let sent = 0;
  const fill = () => {
    while (sent < count) {
      sent++;
      if (progress) progress.accepted++;
      if (!gather.add(toBinary(SampleSchema, sample))) return;
    }
    stream.off("drain", fill);
    gather.flush();
    stream.end();
  };
  stream.on("drain", fill);
  fill();
}

/** Parses samples. */
export function receive(stream: http2.Http2Stream, got: () => void): void {
  const scan = new Scan((data) => {
    fromBinary(SampleSchema, data);
    got();
  });
  stream.on("data", (chunk: Buffer) => scan.push(chunk));
}

/** How many samples there are until the end of the stream. */
export function countOf(stream: http2.Http2Stream): Promise<number> {
  return new Promise((resolve, reject) => {
    let received = 0;
    receive(stream, () => received++);
    stream.on("end", () => resolve(received));
    stream.on("error", reject);
  });
}
