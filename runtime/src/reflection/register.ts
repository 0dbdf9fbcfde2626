// SPDX-License-Identifier: Apache-2.0
import type { DescFile } from "@bufbuild/protobuf";
import type { ConnectRouter } from "@connectrpc/connect";
import type { StreamContext } from "../api/context.js";
import type { StreamServiceOptions } from "../api/options.js";
import type { BidiStreamingServer } from "../api/server-stream.js";
import { takeUntil } from "../call/take-until.js";
import { registerService } from "../codegenv1/register.js";
import {
  type ServerReflectionRequestSchema as RequestSchemaV1,
  type ServerReflectionResponseSchema as ResponseSchemaV1,
  ServerReflection as ServerReflectionV1,
} from "../gen/grpc/reflection/v1/reflection_pb.js";
import {
  type ServerReflectionRequestSchema as RequestSchemaV1Alpha,
  type ServerReflectionResponseSchema as ResponseSchemaV1Alpha,
  ServerReflection as ServerReflectionV1Alpha,
} from "../gen/grpc/reflection/v1alpha/reflection_pb.js";
import { definedOnly, invalidOption } from "../options/settings.js";
import { type Answer, Conversation, type Question } from "./answer.js";
import { FileIndex } from "./file-index.js";

/**
 * Options of `registerReflection`: those of any service, and files to serve beside those of the
 * router.
 */
export interface ReflectionServiceOptions extends StreamServiceOptions {
  /**
   * More files that clients may ask for: those of messages that travel in an `Any`, and of extensions
   * that no service imports. Default: the files of all services on the router, with all their imports.
   */
  files?: readonly DescFile[];
}

type StreamV1 = BidiStreamingServer<typeof RequestSchemaV1, typeof ResponseSchemaV1>;
type StreamV1Alpha = BidiStreamingServer<typeof RequestSchemaV1Alpha, typeof ResponseSchemaV1Alpha>;

/**
 * Serves `grpc.reflection.v1.ServerReflection`, and `v1alpha` for older clients: the schema of all
 * services on `router`, those that are registered later included. Tools such as grpcurl, `buf curl`
 * and Postman then need no files. Whoever can call it can read the schema.
 *
 * Throws a `RangeError` for an invalid option.
 */
export function registerReflection(
  router: ConnectRouter,
  options: ReflectionServiceOptions = {},
): ConnectRouter {
  const { files = [], ...rest } = definedOnly(options);
  if (!Array.isArray(files)) throw invalidOption("files", "a list of descriptors of files", files);
  const schema = new ServedSchema(router, files);
  const v1 = { serverReflectionInfo: (stream: StreamV1) => converse(stream, schema.open()) };
  const v1alpha = {
    serverReflectionInfo: (stream: StreamV1Alpha) => converse(stream, schema.open()),
  };
  registerService(ServerReflectionV1, router, v1, rest);
  return registerService(ServerReflectionV1Alpha, router, v1alpha, rest);
}

/** A stream of either version: they differ in the names of their messages only. */
interface ReflectionStream<R> extends AsyncIterable<R> {
  readonly context: StreamContext;
  send(response: { validHost: string; originalRequest: R; messageResponse: Answer }): Promise<void>;
}

async function converse<R extends { host: string; messageRequest: Question }>(
  stream: ReflectionStream<R>,
  conversation: Conversation,
): Promise<void> {
  for await (const request of takeUntil(stream, stream.context.drainSignal)) {
    const messageResponse = conversation.answer(request.messageRequest);
    await stream.send({ validHost: request.host, originalRequest: request, messageResponse });
  }
}

/** The schema of what is on a router, read when somebody asks: services may be registered after us. */
class ServedSchema {
  readonly #router: ConnectRouter;
  readonly #files: readonly DescFile[];
  #index: FileIndex | undefined;
  #services: readonly string[] = [];
  #handlers = 0;

  constructor(router: ConnectRouter, files: readonly DescFile[]) {
    this.#router = router;
    this.#files = files;
  }

  open(): Conversation {
    const { handlers } = this.#router;
    if (!this.#index || handlers.length !== this.#handlers) {
      const services = new Set(handlers.map(({ service }) => service));
      this.#index = new FileIndex([...[...services].map(({ file }) => file), ...this.#files]);
      this.#services = [...new Set([...services].map(({ typeName }) => typeName))].sort();
      this.#handlers = handlers.length;
    }
    return new Conversation(this.#index, this.#services);
  }
}
