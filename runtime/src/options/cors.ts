// SPDX-License-Identifier: Apache-2.0
import { assertInteger, assertKnownKeys, invalidOption, shown } from "./settings.js";

/**
 * Which pages of other origins may call a server from a browser. The headers that Connect and
 * gRPC-Web need are always allowed: those of `cors` in `@connectrpc/connect`, and those that
 * connect-stream's clients add.
 */
export interface CorsOptions {
  /**
   * The origins, such as `"https://app.example.com"`: a list, a function that decides for each, or
   * `"*"` for all. A page without an origin of its own, such as a sandboxed frame, has the origin
   * `"null"`: only a function and `"*"` let it in.
   */
  origins: "*" | readonly string[] | ((origin: string) => boolean);

  /**
   * Lets pages send cookies, HTTP authentication and client certificates. Not with `"*"`: every page
   * could then act in the name of its visitor. Default: false.
   */
  credentials?: boolean;

  /** More request headers that pages may send: `authorization`, for example. */
  allowedHeaders?: readonly string[];

  /**
   * More response headers and trailers that pages may read. Of each name, the trailer of Connect's
   * unary RPCs is exposed as well.
   */
  exposedHeaders?: readonly string[];

  /**
   * How long browsers remember the answer to a preflight, in seconds. Default: 7200, the longest
   * that Chrome accepts. 0: browsers ask each time.
   */
  maxAgeSeconds?: number;
}

const names = ["origins", "credentials", "allowedHeaders", "exposedHeaders", "maxAgeSeconds"];

/** `CorsOptions` with all defaults. */
export interface ResolvedCors {
  readonly allows: "*" | ((origin: string) => boolean);
  readonly credentials: boolean;
  readonly allowedHeaders: readonly string[];
  readonly exposedHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

/** Fills in the defaults. Throws a `RangeError` for an invalid value. */
export function resolveCors(options: CorsOptions): ResolvedCors {
  assertKnownKeys("cors", options, names);
  const { origins, credentials = false, allowedHeaders = [], exposedHeaders = [] } = options;
  if (typeof credentials !== "boolean") {
    throw invalidOption("cors.credentials", "true or false", credentials);
  }
  if (origins === "*" && credentials) {
    throw new RangeError('cors.origins must list origins, not "*", when cors.credentials is true');
  }
  return {
    allows: resolveOrigins(origins),
    credentials,
    allowedHeaders: checkNames("cors.allowedHeaders", allowedHeaders),
    exposedHeaders: checkNames("cors.exposedHeaders", exposedHeaders),
    maxAgeSeconds: assertInteger("cors.maxAgeSeconds", options.maxAgeSeconds ?? 7200, 0, 86_400),
  };
}

function resolveOrigins(origins: CorsOptions["origins"]): ResolvedCors["allows"] {
  if (origins === "*") return "*";
  if (!Array.isArray(origins)) {
    if (typeof origins === "function") return origins;
    throw invalidOption("cors.origins", '"*", a list of origins or a function', origins);
  }
  for (const [i, origin] of origins.entries()) checkOrigin(`cors.origins[${i}]`, origin);
  const known = new Set<string>(origins);
  return (origin) => known.has(origin);
}

/** Browsers send an origin without a path, in lower case, and without a port that is the scheme's own. */
function checkOrigin(option: string, origin: unknown): void {
  const parsed = typeof origin === "string" && URL.canParse(origin) ? new URL(origin) : undefined;
  // Those of an app's own scheme, such as "capacitor://localhost", are opaque to `URL`.
  const written = parsed?.origin === "null" ? `${parsed.protocol}//${parsed.host}` : parsed?.origin;
  if (parsed && parsed.host !== "" && written === origin) return;
  const example = written && parsed?.host ? written : "https://app.example.com";
  throw invalidOption(option, `an origin as browsers send it, such as "${example}"`, origin);
}

function checkNames(option: string, list: readonly string[]): readonly string[] {
  if (!Array.isArray(list)) throw invalidOption(option, "a list of header names", list);
  for (const [i, name] of list.entries()) {
    if (typeof name === "string" && /^[\w!#$%&'+.^`|~-]+$/.test(name)) continue;
    throw new RangeError(`${option}[${i}] must be the name of a header, not ${shown(name)}`);
  }
  return list;
}
