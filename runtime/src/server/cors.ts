// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { cors as connectCors } from "@connectrpc/connect";
import { type CorsOptions, type ResolvedCors, resolveCors } from "../options/cors.js";
import { PREVIOUS_ATTEMPTS } from "../protocol/previous-attempts.js";
import { PUSHBACK } from "../protocol/reserved-fields.js";
import type { RequestHead } from "./context.js";
import type { AttachableWire, Exchange } from "./dispatch.js";
import type { HeaderFields } from "./extra-header.js";

/** What the policy says to one request. */
export interface CorsAnswer {
  /** What to answer instead of serving the request, which is a preflight. */
  readonly preflight?: { readonly status: number; readonly header: HeaderFields };
  /** What every answer to the request has to carry. */
  readonly header: HeaderFields | undefined;
}

const vary: HeaderFields = { vary: "origin" };

/** Answers pages of other origins: https://fetch.spec.whatwg.org/#http-cors-protocol */
export class CorsPolicy {
  readonly #options: ResolvedCors;
  readonly #exposed: HeaderFields;
  readonly #preflight: HeaderFields;

  /** Throws a `RangeError` for an invalid option. */
  constructor(options: CorsOptions) {
    const resolved = resolveCors(options);
    const { allowedHeaders, exposedHeaders, maxAgeSeconds } = resolved;
    const allowed = [...connectCors.allowedHeaders, PREVIOUS_ATTEMPTS, ...allowedHeaders];
    const exposed = [PUSHBACK, ...exposedHeaders].flatMap((name) => [name, `trailer-${name}`]);
    this.#options = resolved;
    this.#exposed = {
      "access-control-expose-headers": [...connectCors.exposedHeaders, ...exposed].join(", "),
    };
    this.#preflight = {
      "access-control-allow-methods": connectCors.allowedMethods.join(", "),
      "access-control-allow-headers": allowed.join(", "),
      "access-control-max-age": String(maxAgeSeconds),
    };
  }

  answer(head: RequestHead): CorsAnswer {
    const origin = head.get("origin");
    if (origin === undefined) return { header: this.#toNonBrowser(head.method) };
    const allowed = this.#allow(origin);
    const isPreflight =
      head.method === "OPTIONS" && head.get("access-control-request-method") !== undefined;
    if (!allowed) {
      return isPreflight
        ? { preflight: { status: 403, header: vary }, header: vary }
        : { header: vary };
    }
    if (!isPreflight) return { header: { ...allowed, ...this.#exposed } };
    return {
      preflight: { status: 204, header: { ...allowed, ...this.#preflight } },
      header: allowed,
    };
  }

  /** Caches keep nothing but answers to GET, and a page may ask for the same one next. */
  #toNonBrowser(method: string): HeaderFields | undefined {
    return method === "GET" && this.#options.allows !== "*" ? vary : undefined;
  }

  #allow(origin: string): HeaderFields | undefined {
    const { allows, credentials } = this.#options;
    if (allows === "*") return { "access-control-allow-origin": "*" };
    if (allows(origin) !== true) return undefined;
    const allowed = { "access-control-allow-origin": origin, ...vary };
    return credentials ? { ...allowed, "access-control-allow-credentials": "true" } : allowed;
  }
}

/** A request whose answers carry what the policy says. */
export class CorsExchange implements Exchange {
  readonly responseHeader: HeaderFields;
  readonly #exchange: Exchange;

  constructor(exchange: Exchange, header: HeaderFields) {
    this.#exchange = exchange;
    this.responseHeader = header;
  }

  get head(): RequestHead {
    return this.#exchange.head;
  }

  get fault(): ConnectError | undefined {
    return this.#exchange.fault;
  }

  refuse(status: number, header?: HeaderFields): void {
    this.#exchange.refuse(status, { ...header, ...this.responseHeader });
  }

  accept(streams: boolean): AttachableWire {
    return this.#exchange.accept(streams);
  }
}
