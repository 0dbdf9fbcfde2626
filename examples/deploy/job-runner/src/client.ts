// SPDX-License-Identifier: Apache-2.0
import { resumable } from "connect-stream";
import { createStreamTransport } from "connect-stream/node";
import { createJobServiceClient } from "../gen/jobs/v1/jobs_stream.js";

const baseUrl = process.env.SERVER_URL ?? "http://localhost:8080";
const client = createJobServiceClient(createStreamTransport({ baseUrl, protocol: "grpc" }));

const { jobId } = await client.submit({
  command: "for i in 1 2 3; do echo line $i; sleep 0.1; done",
});
// After a lost connection, it goes on behind the last line.
const lines = resumable(client.tail, {
  request: { jobId, afterLine: 0 },
  next: ({ line }, request) => ({ ...request, afterLine: line }),
});
for await (const { text } of lines) console.log(`tail: ${text}`);
for await (const { text } of client.tail({ jobId, afterLine: 2 }))
  console.log(`from 2 on: ${text}`);

const upload = client.upload({ name: "hello.txt" });
for (const text of ["hello ", "world\n"]) await upload.send({ chunk: Buffer.from(text) });
console.log(`uploaded ${(await upload.closeAndRecv()).size} bytes`);

const shell = client.shell();
await shell.send({ input: Buffer.from("cat hello.txt; echo $((6 * 7)); sleep 60\n") });
let output = "";
for await (const message of shell) {
  output += Buffer.from(message.output);
  if (output.includes("42")) break; // cancels the call, which kills the shell
}
console.log(`shell: ${output.trim().replaceAll("\n", ", ")}`);
