// SPDX-License-Identifier: Apache-2.0
import { type CustomTransportStrategy, Server } from "@nestjs/microservices";
import { pipeObservable, type SendingStream } from "connect-stream/interop";
import { type RunningServer, type ServeOptions, serve } from "connect-stream/node";
import { isObservable, type Observable } from "rxjs";

/** Options of {@link ConnectStreamServer}. */
export interface ConnectStreamServerOptions extends Omit<ServeOptions, "routes"> {
  /** Registers services; `rpcs` finds what controllers have for a pattern. */
  routes(router: Parameters<ServeOptions["routes"]>[0], rpcs: Rpcs): void;
}

/** Handlers of RPCs, made of the message patterns of controllers. */
export interface Rpcs {
  /** Sends what the controller's observable emits; unsubscribes when the client leaves. */
  serverStreaming<I, O>(pattern: string): (request: I, stream: SendingStream<O>) => Promise<void>;
}

/** Serves message patterns over gRPC, gRPC-Web and Connect. */
export class ConnectStreamServer extends Server implements CustomTransportStrategy {
  readonly #options: ConnectStreamServerOptions;
  #server: RunningServer | undefined;

  constructor(options: ConnectStreamServerOptions) {
    super();
    this.#options = options;
  }

  async listen(callback: (error?: unknown) => void): Promise<void> {
    const { routes, ...options } = this.#options;
    const rpcs: Rpcs = {
      serverStreaming: (pattern) => (request, stream) => this.#stream(pattern, request, stream),
    };
    try {
      this.#server = await serve({ ...options, routes: (router) => routes(router, rpcs) });
    } catch (error) {
      return callback(error);
    }
    console.log(`listening on ${this.#server.url}`);
    callback();
  }

  /** Drains: open streams have ten seconds to end. */
  async close(): Promise<void> {
    await this.#server?.close({ graceMs: 10_000 });
  }

  on(): never {
    throw new Error("this transport has no events");
  }

  unwrap<T>(): T {
    throw new Error("this transport wraps no other server");
  }

  async #stream<I, O>(pattern: string, request: I, stream: SendingStream<O>): Promise<void> {
    const handler = this.getHandlerByPattern(pattern);
    if (!handler) throw new Error(`no @MessagePattern("${pattern}")`);
    const result: Observable<O> = await handler(request, stream);
    if (!isObservable(result)) throw new Error(`${pattern} must return an Observable`);
    await pipeObservable(result, stream);
  }
}
