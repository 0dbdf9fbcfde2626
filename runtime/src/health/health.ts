// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import { invalidOption, isObject, shown } from "../options/settings.js";

/** Whether a service takes calls, by the names of `grpc.health.v1`. */
export type ServingStatus = "SERVING" | "NOT_SERVING" | "UNKNOWN";

const statuses: readonly string[] = ["SERVING", "NOT_SERVING", "UNKNOWN"] satisfies ServingStatus[];

/**
 * The health that a server reports. Every service on the router is `SERVING`, and so is the server
 * as a whole, unless `setStatus` says otherwise.
 */
export interface Health {
  /**
   * Sets the status of a service, given by its descriptor or its full name; `""` is the server as a
   * whole. Notifies watchers. Throws a `RangeError` for an invalid status.
   */
  setStatus(service: DescService | string, status: ServingStatus): void;
}

/** Creates the health of a server, for `registerHealth`. `initial`: statuses by full name. */
export function createHealth(initial: Readonly<Record<string, ServingStatus>> = {}): Health {
  if (!isObject(initial)) throw invalidOption("initial", "an object of statuses", initial);
  const health = new HealthStatuses();
  for (const [service, status] of Object.entries(initial)) health.setStatus(service, status);
  return health;
}

/** Behind `Health`. */
export class HealthStatuses implements Health {
  readonly #statuses = new Map<string, ServingStatus>();
  readonly #listeners = new Set<() => void>();

  setStatus(service: DescService | string, status: ServingStatus): void {
    const name = typeof service === "string" ? service : service?.typeName;
    if (typeof name !== "string") {
      throw new RangeError(`service must be a descriptor or a full name, not ${shown(service)}`);
    }
    if (!statuses.includes(status)) {
      throw invalidOption(`status of "${name}"`, `one of ${statuses.join(", ")}`, status);
    }
    this.#statuses.set(name, status);
    for (const listener of [...this.#listeners]) listener();
  }

  /** What was set. */
  get(service: string): ServingStatus | undefined {
    return this.#statuses.get(service);
  }

  /** The services that have been set. */
  get names(): Iterable<string> {
    return this.#statuses.keys();
  }

  /** Calls `listener` at each change; returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
