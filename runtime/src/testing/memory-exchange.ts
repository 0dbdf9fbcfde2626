// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../api/outcome.js";
import { type Fields, type IncomingFields, incomingFields } from "../protocol/fields.js";
import type {
  ClientWire,
  ClientWireEvents,
  ServerWire,
  ServerWireEvents,
} from "../protocol/wire.js";
import { MemoryPipe } from "./memory-pipe.js";

/**
 * An HTTP exchange without HTTP: what one side writes, the other has at once. Everything happens in
 * the order of the calls, and nothing by itself, so that a test can tell what comes when.
 */
export class MemoryExchange {
  readonly client: ClientWire;
  readonly server: ServerWire;
  readonly #toServer: MemoryPipe;
  readonly #toClient: MemoryPipe;
  readonly #clientEvents: ClientWireEvents;
  #serverEvents: ServerWireEvents | undefined;
  #over = false;
  /** What the server is told when the client breaks the exchange off. */
  breakOffReason: ConnectError = new ConnectError(
    "the client cancelled the call or disconnected",
    Code.Canceled,
  );

  /** `mayWrite`: whether the server may send another message after so many. */
  constructor(clientEvents: ClientWireEvents, mayWrite: (written: number) => boolean) {
    this.#clientEvents = clientEvents;
    this.#toServer = new MemoryPipe({
      onData: (chunk) => this.#serverEvents?.onData(chunk),
      onDrain: () => clientEvents.onDrain(),
      mayWrite: () => true,
    });
    this.#toClient = new MemoryPipe({
      onData: (chunk) => clientEvents.onData(chunk),
      onDrain: () => this.#serverEvents?.onDrain(),
      mayWrite,
    });
    this.client = this.#clientWire();
    this.server = this.#serverWire();
  }

  /** Starts to tell the server. */
  attach(serverEvents: ServerWireEvents): void {
    this.#serverEvents = serverEvents;
  }

  /** Whether the server may write. */
  get writable(): boolean {
    return this.#toClient.open;
  }

  /** The server may write again, unless the client has paused. */
  drained(): void {
    this.#toClient.drained();
  }

  /** The connection is lost: each side learns of it. */
  cut(): void {
    if (this.#over) return;
    this.#breakOff("connection");
    const lost = new ConnectError("the connection was lost", Code.Unavailable);
    this.#clientEvents.onFail(lost, "connection");
  }

  #breakOff(by: EndedBy): void {
    if (this.#over) return;
    this.#over = true;
    this.#toServer.close();
    this.#toClient.close();
    this.#serverEvents?.onFail(this.breakOffReason, by);
  }

  #clientWire(): ClientWire {
    return {
      ...wireOf(this.#toServer, this.#toClient),
      end: () => this.#toServer.end(() => this.#serverEvents?.onEnd(undefined)),
      cancel: () => this.#breakOff("client"),
    };
  }

  #serverWire(): ServerWire {
    const toClient = this.#toClient;
    return {
      ...wireOf(toClient, this.#toServer),
      get buffered() {
        return toClient.buffered;
      },
      maxHeaderBytes: Number.POSITIVE_INFINITY,
      respond: (status, header) => {
        if (!this.#over) this.#clientEvents.onHeader(status, toHeaders(header));
      },
      reset: () => this.cut(),
      end: (trailer) => {
        this.#toServer.close();
        toClient.end(() => {
          this.#over = true;
          this.#serverEvents?.onFinish();
          this.#clientEvents.onEnd(trailer && toHeaders(trailer));
        });
      },
    };
  }
}

/** What both ends of an exchange have. */
function wireOf(
  out: MemoryPipe,
  into: MemoryPipe,
): Pick<ServerWire, "allocate" | "write" | "pause" | "resume" | "defer"> {
  return {
    allocate: (bytes) => new Uint8Array(bytes),
    write: (pieces) => out.write(pieces),
    pause: () => into.pause(),
    resume: () => into.resume(),
    // One message a write, so that the server can be held back to the message.
    defer: (task, of) => task(of),
  };
}

function toHeaders(fields: Fields): IncomingFields {
  return incomingFields(
    new Headers([...fields].map(([name, value]): [string, string] => [name, value])),
  );
}
