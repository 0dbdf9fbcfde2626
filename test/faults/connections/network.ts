// SPDX-License-Identifier: Apache-2.0
import type { LookupAddress } from "node:dns";
import type { LookupFunction } from "node:net";
import { Duplex } from "node:stream";

/** What takes the connections to an address. */
export type Accept = (socket: MemorySocket) => void;

/** What becomes of an attempt to connect: it is taken, refused, or never answered. */
export type Listening = Accept | "refuses" | "hangs";

/** One end of a connection in memory, with what servers ask of a socket of Node's. */
export class MemorySocket extends Duplex {
  readonly connecting = false;
  readonly remoteAddress = "127.0.0.1";
  readonly remotePort = 1;
  /** Where what is written goes; `undefined`: nowhere, it has not been connected. */
  other: MemorySocket | undefined;
  /** What is on its way to this end; `null`: the end. */
  readonly arriving: (Buffer | null)[] = [];

  constructor(allowHalfOpen: boolean) {
    super({ allowHalfOpen, highWaterMark: 1 << 20 });
    this.on("error", () => undefined);
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  override _read(): void {
    // What has arrived is pushed.
  }

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    // Frames are written in memory that is written again.
    this.other?.arriving.push(Buffer.from(chunk));
    done();
  }

  override _final(done: () => void): void {
    this.other?.arriving.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    if (!this.writableFinished) this.other?.arriving.push(null);
    done(error);
  }
}

/** A connection: both of its ends, and how what is sent gets from one to the other. */
export interface Link {
  readonly client: MemorySocket;
  readonly server: MemorySocket;
  readonly address: string;
  /** Nothing arrives any more, and nobody is told. */
  silent: boolean;
}

/** Connections in memory, from `net.connect` to servers at addresses. */
export class Network {
  readonly links: Link[] = [];
  /** The addresses of the one name that there is. */
  addresses: readonly string[] = [];
  /** Times that a connection was cut, fell silent or was not made. */
  faults = 0;
  readonly #listening = new Map<string, Listening>();
  readonly #pieceBytes: number;
  readonly #hanging: MemorySocket[] = [];

  /** `pieceBytes`: what arrives in one turn of the event loop, at most. */
  constructor(pieceBytes: number) {
    this.#pieceBytes = pieceBytes;
  }

  readonly lookup: LookupFunction = (_name, options, callback) => {
    const found: LookupAddress[] = this.addresses.map((address) => ({ address, family: 4 }));
    process.nextTick(() => {
      if (options.all) callback(null, found);
      else callback(null, found[0]?.address ?? "", 4);
    });
  };

  listen(address: string, listening: Listening): void {
    this.#listening.set(address, listening);
  }

  /** The connections that nobody has closed. */
  get open(): Link[] {
    return this.links.filter(({ client, server }) => !client.destroyed || !server.destroyed);
  }

  /** Sockets that were made and not closed. */
  get openSockets(): number {
    const ends = this.links.flatMap(({ client, server }) => [client, server]);
    return [...ends, ...this.#hanging].filter(({ destroyed }) => !destroyed).length;
  }

  /** Stands in for `net.connect`. */
  connect(lookup: LookupFunction, host: string): MemorySocket {
    const client = new MemorySocket(false);
    lookup(host, { all: true }, (error, found) => {
      if (error) return client.destroy(error);
      const all = typeof found === "string" ? [found] : found.map(({ address }) => address);
      const taken = all.find((one) => typeof this.#listening.get(one) === "function");
      this.#reach(client, taken ?? all[0] ?? "");
    });
    return client;
  }

  cut({ client, server }: Link): void {
    this.faults++;
    const reset = () => Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
    client.destroy(reset());
    server.destroy(reset());
  }

  silence(link: Link): void {
    this.faults++;
    link.silent = true;
  }

  /** Lets a piece arrive at each end. Returns whether there was one. */
  pump(): boolean {
    let moved = false;
    for (const { client, server, silent } of this.links) {
      if (silent) continue;
      for (const end of [client, server]) moved = this.#deliver(end) || moved;
    }
    return moved;
  }

  #reach(client: MemorySocket, address: string): void {
    const listening = this.#listening.get(address) ?? "refuses";
    if (listening === "hangs") {
      this.faults++;
      this.#hanging.push(client);
    } else if (listening === "refuses") {
      this.faults++;
      client.destroy(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
    } else {
      const server = new MemorySocket(true);
      client.other = server;
      server.other = client;
      server.arriving.push(...client.arriving.splice(0));
      this.links.push({ client, server, address, silent: false });
      listening(server);
    }
  }

  #deliver(end: MemorySocket): boolean {
    const piece = end.arriving.shift();
    if (piece === undefined) return false;
    if (end.destroyed) return true;
    if (piece === null) return end.push(null) || true;
    if (piece.length > this.#pieceBytes) end.arriving.unshift(piece.subarray(this.#pieceBytes));
    end.push(piece.subarray(0, this.#pieceBytes));
    return true;
  }
}
