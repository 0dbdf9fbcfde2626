// SPDX-License-Identifier: Apache-2.0
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

export type FileInit = MessageInitShape<typeof FileDescriptorProtoSchema>;

/** A file, in a package of its own. */
export function file(
  name: string,
  services: Readonly<Record<string, readonly Rpc[]>>,
  messages = ["M"],
): FileInit {
  const type = (message: string) => `.${name}.${message}`;
  return {
    name: `${name}.proto`,
    package: name,
    syntax: "proto3",
    messageType: messages.map((message) => ({ name: message })),
    service: Object.entries(services).map(([service, rpcs]) => ({
      name: service,
      method: rpcs.map(({ name, message = "M", kind = 0 }) => ({
        name,
        inputType: type(message),
        outputType: type(message),
        clientStreaming: kind > 1,
        serverStreaming: kind % 2 === 1,
      })),
    })),
  };
}

export interface Rpc {
  readonly name: string;
  readonly message?: string;
  /** 0 to 3: unary, server streaming, client streaming, bidirectional. */
  readonly kind?: number;
}
