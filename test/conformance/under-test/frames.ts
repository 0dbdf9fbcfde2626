// SPDX-License-Identifier: Apache-2.0
import {
  type DescMessage,
  fromBinary,
  type Message,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";

/** How the runner talks to a program under test: messages on its standard streams, length first. */
const LENGTH_BYTES = 4;

/** The messages on standard input, to its end. */
export async function* readMessages<D extends DescMessage>(
  schema: D,
): AsyncGenerator<MessageShape<D>> {
  let held: Buffer = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    held = Buffer.concat([held, chunk]);
    while (held.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + held.readUInt32BE(0);
      if (held.length < end) break;
      const data = new Uint8Array(held.subarray(LENGTH_BYTES, end));
      held = held.subarray(end);
      yield fromBinary(schema, data);
    }
  }
}

/** Writes a message to standard output. Resolves when it is out. */
export function writeMessage<D extends DescMessage>(
  schema: D,
  message: MessageShape<D> & Message,
): Promise<void> {
  const data = toBinary(schema, message);
  const frame = Buffer.alloc(LENGTH_BYTES + data.length);
  frame.writeUInt32BE(data.length, 0);
  frame.set(data, LENGTH_BYTES);
  return new Promise((resolve, reject) => {
    process.stdout.write(frame, (error) => (error ? reject(error) : resolve()));
  });
}
