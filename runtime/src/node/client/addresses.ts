// SPDX-License-Identifier: Apache-2.0
import { type LookupAddress, lookup } from "node:dns";
import type { LookupFunction } from "node:net";

/** How old what is known of a name may become, in milliseconds: as in gRPC. */
const MAX_AGE_MS = 30_000;

/** An address of a server, and how it has been used. */
interface Use {
  /** Connections that go there, or are being made. */
  connections: number;
  /** When it was last tried, as a number that grows. */
  triedAt: number;
}

/**
 * The addresses of a server's name, for a connection to each. The name is looked up for each new
 * connection, and when what is known of it is old.
 */
export class Addresses {
  readonly #hostname: string;
  readonly #lookup: LookupFunction;
  readonly #uses = new Map<string, Use>();
  #known: readonly LookupAddress[] = [];
  #knownAt = Number.NEGATIVE_INFINITY;
  #tries = 0;

  /** `own`: the user's `lookup`. */
  constructor(hostname: string, own: LookupFunction | undefined) {
    this.#hostname = hostname;
    this.#lookup = own ?? lookup;
  }

  /** How many there are, as far as is known. */
  get count(): number {
    return this.#known.length;
  }

  /** Looks the name up again if it is time, and calls `onChanged` if there are more addresses. */
  refresh(onMore: () => void): void {
    if (performance.now() - this.#knownAt < MAX_AGE_MS) return;
    const { count } = this;
    this.#knownAt = performance.now();
    this.#lookup(this.#hostname, { all: true }, (error, found, family) => {
      if (error) return;
      this.#learn(found, family);
      if (this.count > count) onMore();
    });
  }

  /**
   * A `lookup` for one connection: it goes to the address that has the fewest. `onTaken` gets that
   * address, to give it back with `release` when the connection is lost.
   */
  lookupFor(onTaken: (address: string) => void): LookupFunction {
    return (hostname, options, callback) => {
      this.#lookup(hostname, { ...options, all: true }, (error, found, family) => {
        if (error) return callback(error, "", 0);
        this.#learn(found, family);
        const taken = this.#take();
        if (!taken) return callback(new Error(`${hostname} has no address`), "", 0);
        onTaken(taken.address);
        if (options.all) callback(null, [taken]);
        else callback(null, taken.address, taken.family);
      });
    };
  }

  release(address: string): void {
    const use = this.#uses.get(address);
    if (use) use.connections--;
  }

  #learn(found: string | LookupAddress[], family = 4): void {
    this.#known = typeof found === "string" ? [{ address: found, family }] : found;
    this.#knownAt = performance.now();
  }

  #take(): LookupAddress | undefined {
    const [best] = [...this.#known].sort((one, other) => {
      const [a, b] = [this.#useOf(one), this.#useOf(other)];
      return a.connections - b.connections || a.triedAt - b.triedAt;
    });
    if (best) {
      const use = this.#useOf(best);
      use.connections++;
      use.triedAt = ++this.#tries;
    }
    return best;
  }

  #useOf({ address }: LookupAddress): Use {
    const use = this.#uses.get(address) ?? { connections: 0, triedAt: 0 };
    this.#uses.set(address, use);
    return use;
  }
}
