// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type ConnectRouter } from "@connectrpc/connect";
import type { StreamContext } from "../api/context.js";
import type { StreamServiceOptions } from "../api/options.js";
import type { ServerStreamingServer } from "../api/server-stream.js";
import { onAbort } from "../call/abort.js";
import { registerService } from "../codegenv1/register.js";
import {
  type HealthCheckRequest,
  type HealthCheckResponseSchema,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Status,
} from "../gen/grpc/health/v1/health_pb.js";
import { definedOnly } from "../options/settings.js";
import { createHealth, type Health, HealthStatuses } from "./health.js";

/** Options of `registerHealth`: those of any service, and the health to report. */
export interface HealthServiceOptions extends StreamServiceOptions {
  /**
   * The health to report, from `createHealth`. Default: every service on the router is `SERVING`.
   */
  health?: Health;
}

/**
 * Serves `grpc.health.v1.Health`: `Check`, `Watch` and `List`, for the services on `router`, those that
 * are registered later included. While the server drains, all are `NOT_SERVING`.
 *
 * Interceptors of the server see these calls, too: `interceptors: []` keeps them out. Throws a
 * `RangeError` for an invalid option.
 */
export function registerHealth(
  router: ConnectRouter,
  options: HealthServiceOptions = {},
): ConnectRouter {
  const { health = createHealth(), ...rest } = definedOnly(options);
  if (!(health instanceof HealthStatuses)) {
    throw new RangeError("health must be what createHealth gives");
  }
  const handler = new HealthHandler(router, health);
  return registerService(HealthService, router, handler, rest);
}

class HealthHandler {
  readonly #router: ConnectRouter;
  readonly #health: HealthStatuses;

  constructor(router: ConnectRouter, health: HealthStatuses) {
    this.#router = router;
    this.#health = health;
  }

  check({ service }: HealthCheckRequest, context: StreamContext) {
    const status = this.#statusOf(service, context);
    if (status !== Status.SERVICE_UNKNOWN) return { status };
    throw new ConnectError(`the server has no service "${service}"`, Code.NotFound);
  }

  list(_request: unknown, context: StreamContext) {
    const names = new Set(["", ...this.#registered(), ...this.#health.names]);
    const statuses = [...names].map((name) => [name, { status: this.#statusOf(name, context) }]);
    return { statuses: Object.fromEntries(statuses) };
  }

  /** The status, and then each change of it, until the client leaves or the server drains. */
  async watch(
    { service }: HealthCheckRequest,
    stream: ServerStreamingServer<typeof HealthCheckResponseSchema>,
  ): Promise<void> {
    const { context } = stream;
    let sent: Status | undefined;
    while (true) {
      const status = this.#statusOf(service, context);
      if (status !== sent) {
        await stream.send({ status });
        sent = status;
      } else {
        context.drainSignal.throwIfAborted();
        context.signal.throwIfAborted();
        await this.#change(context);
      }
    }
  }

  #statusOf(service: string, { drainSignal }: StreamContext): Status {
    const known = this.#health.get(service);
    if (known === undefined && service !== "" && !this.#registered().has(service)) {
      return Status.SERVICE_UNKNOWN;
    }
    return drainSignal.aborted ? Status.NOT_SERVING : Status[known ?? "SERVING"];
  }

  #registered(): Set<string> {
    return new Set(this.#router.handlers.map(({ service }) => service.typeName));
  }

  /** Resolves when a status may be another, or the call is to end. */
  #change({ signal, drainSignal }: StreamContext): Promise<void> {
    return new Promise((resolve) => {
      const stops = [
        this.#health.onChange(done),
        onAbort(signal, done),
        onAbort(drainSignal, done),
      ];
      function done(): void {
        for (const stop of stops) stop();
        resolve();
      }
    });
  }
}
