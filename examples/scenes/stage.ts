// SPDX-License-Identifier: Apache-2.0
// What all scenes share: the server, the clients, and what the handlers have logged.
import { EventEmitter, once } from "node:events";
import type { RunningServer } from "connect-stream/node";
import { type Clients, createClients } from "../clients.js";
import { startServer } from "../server.js";
import type { Narrator } from "../terminal.js";
import { EventStore } from "./event-store.js";

/** A client with a name. That of grpc-js has no generated code. */
export interface Actor {
  who: string;
  speaks: string;
}

export type GeneratedActor = Actor & Clients;

export interface Stage {
  narrator: Narrator;
  url: string;
  /** Host and port. */
  address: string;
  /** Four; the last is grpc-js. */
  clients: Actor[];
  /** The first three, with what calls the services. */
  generated: [GeneratedActor, GeneratedActor, GeneratedActor];
  grpcJs: Actor;
  /** Where the analytics handler puts its events. */
  store: EventStore;
  /** Resolves to the next `count` lines of handlers that match. */
  saw(pattern: RegExp, count: number): Promise<string[]>;
  close: RunningServer["close"];
}

export async function openStage(narrator: Narrator): Promise<Stage> {
  const logged = new ServerLog();
  const store = new EventStore();
  const server = await startServer(logged.write, store.put);
  const [ada, bjorn, chiyo] = createClients(server.url);
  const generated: Stage["generated"] = [
    named("Ada", ada),
    named("Björn", bjorn),
    named("Chiyo", chiyo),
  ];
  const grpcJs = { who: "Dana (grpc-js)", speaks: "knows the .proto files, and no code of ours" };
  return {
    narrator,
    url: server.url,
    address: new URL(server.url).host,
    clients: [...generated, grpcJs],
    generated,
    grpcJs,
    store,
    saw: (pattern, count) => logged.take(pattern, count),
    close: (options) => server.close(options),
  };
}

function named(name: string, clients: Clients): GeneratedActor {
  return { ...clients, who: `${name} (${clients.name})`, speaks: "a generated client" };
}

class ServerLog {
  readonly #lines: string[] = [];
  readonly #written = new EventEmitter();

  readonly write = (line: string): void => {
    this.#lines.push(line);
    this.#written.emit("line");
  };

  async take(pattern: RegExp, count: number): Promise<string[]> {
    const signal = AbortSignal.timeout(10_000);
    const matching = () => this.#lines.filter((line) => pattern.test(line));
    while (matching().length < count) await once(this.#written, "line", { signal });
    const taken = matching().slice(0, count);
    for (const line of taken) this.#lines.splice(this.#lines.indexOf(line), 1);
    return taken;
  }
}
