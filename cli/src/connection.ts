// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Where a command connects to, and how. */
import { resolve } from "node:path";
import type { Transport } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { UsageError } from "./exit.js";
import type { Options, Values } from "./options.js";
import { readTls, tlsOptions } from "./tls.js";

const protocols = ["grpc", "grpc-web", "connect"] as const;
const httpVersions = ["2", "1.1"] as const;

/** Options of every command that connects to a server. */
export const connectionOptions = {
  header: {
    type: "string",
    short: "H",
    multiple: true,
    value: "'NAME: VALUE'",
    help: "send a header, also for reflection; may be repeated",
  },
  protocol: {
    type: "string",
    oneOf: protocols,
    help: "default: grpc, or connect over HTTP/1.1",
  },
  "http-version": { type: "string", oneOf: httpVersions, help: "default: 2" },
  "unix-socket": {
    type: "string",
    value: "FILE",
    help: "connect to this Unix socket; the server sees the host of the URL",
  },
  ...tlsOptions,
} as const satisfies Options;

/** What was given of them. */
export type ConnectionValues = Values<typeof connectionOptions>;

/** A transport, and what to say of it. */
export interface Connection {
  readonly transport: Transport;
  /** For reflection, which is a bidirectional stream: it takes HTTP/2, whatever the call takes. */
  readonly reflection: Transport;
  readonly url: string;
  readonly headers: Headers;
  readonly protocol: (typeof protocols)[number];
  readonly httpVersion: (typeof httpVersions)[number];
  close(): Promise<void>;
}

/**
 * More than servers usually send, and little enough for any machine: who looks at a message wants to
 * see it.
 */
const READ_MAX_BYTES = 64 * 1024 * 1024;

/** Opens a connection to `url`, as the options say. Connects when the first call is made. */
export function connect(url: string, values: ConnectionValues, cwd: string): Connection {
  const httpVersion = pick(httpVersions, values["http-version"]) ?? "2";
  const protocol = pick(protocols, values.protocol) ?? (httpVersion === "2" ? "grpc" : "connect");
  if (protocol === "grpc" && httpVersion === "1.1") {
    throw new UsageError(
      "gRPC needs HTTP/2: with --http-version 1.1, use --protocol connect or grpc-web",
    );
  }
  const shared = { baseUrl: checkUrl(url), protocol, readMaxBytes: READ_MAX_BYTES };
  const tls = readTls(url, values, cwd);
  const socket = values["unix-socket"];
  const path = socket === undefined ? undefined : resolve(cwd, socket);
  const headers = parseHeaders(values.header ?? []);
  const named = { url, headers, protocol, httpVersion };
  const http2 = createStreamTransport({
    ...shared,
    nodeOptions: { ...tls, ...(path && { path }) },
  });
  const nodeOptions = { ...tls, ...(path && { socketPath: path }) };
  const transport =
    httpVersion === "1.1" ? createStreamTransport({ ...shared, httpVersion, nodeOptions }) : http2;
  return { ...named, transport, reflection: http2, close: () => http2.close() };
}

function pick<T extends string>(all: readonly T[], value: string | undefined): T | undefined {
  return all.find((one) => one === value);
}

/** Throws a `UsageError` for what is no URL of a server. */
export function checkUrl(url: string): string {
  if (/^https?:\/\//i.test(url) && URL.canParse(url)) {
    checkParts(new URL(url));
    return url.replace(/\/+$/, "");
  }
  const [, socket] = /^unix:(?:\/\/)?(.+)$/i.exec(url) ?? [];
  if (socket) throw new UsageError(`a Unix socket is http://localhost --unix-socket ${socket}`);
  const meant = URL.canParse(`http://${url}`) && !url.includes("://");
  const example = meant ? `http://${url} or https://${url}` : "http://localhost:8080";
  throw new UsageError(`${JSON.stringify(url)} is not a URL; use ${example}`);
}

/** Calls would be made without them. */
function checkParts({ username, password, search, hash }: URL): void {
  if (username !== "" || password !== "") {
    throw new UsageError("the URL has a user; pass --header 'authorization: …'");
  }
  if (search !== "" || hash !== "") {
    throw new UsageError(`the URL ends in ${search || hash}, which no call has`);
  }
}

function parseHeaders(fields: readonly string[]): Headers {
  const headers = new Headers();
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, Math.max(colon, 0)).trim();
    try {
      headers.append(name, field.slice(colon + 1).trim());
    } catch {
      throw new UsageError(`--header must be 'name: value', not ${JSON.stringify(field)}`);
    }
  }
  return headers;
}
