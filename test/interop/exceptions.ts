// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./cases/case.js";
import type { Pair } from "./pair.js";

/** A case that cannot pass, through no fault of ours. Each is reported as skipped, with its reason. */
interface Exception {
  readonly client?: readonly string[];
  readonly server?: readonly string[];
  readonly wire?: RegExp;
  readonly proxy?: string;
  readonly cases: RegExp;
  readonly reason: string;
}

const exceptions: readonly Exception[] = [
  {
    client: ["connect-web"],
    cases: /^client_compressed/,
    reason: "connect-web does not compress requests",
  },
  {
    client: ["connect-web"],
    cases: /^server_compressed/,
    wire: /^grpc-web/,
    reason: "connect-web does not ask for compressed messages",
  },
  {
    client: ["connect-web"],
    cases: /^server_compressed_streaming/,
    reason: "connect-web does not ask for compressed messages",
  },
  {
    server: ["grpc-js", "nice-grpc"],
    cases: /^server_compressed/,
    reason: "servers of grpc-js do not compress: https://github.com/grpc/grpc-node/issues/1823",
  },
  {
    server: ["connect-go"],
    wire: /1\.1$/,
    cases: /^cancel_while_handler_works \(client_streaming\)/,
    reason:
      "net/http looks for a lost HTTP/1.1 connection only after the request: https://github.com/golang/go/issues/23262",
  },
  {
    server: ["grpc-python"],
    cases:
      /^cancel_(before_first_message|after_first_request|after_first_response) \((client|bidi)/,
    reason:
      "a Python handler that waits for requests may see a cancel as their end: https://github.com/grpc/grpc/issues/33038",
  },
  {
    proxy: "HAProxy",
    wire: /1\.1$/,
    // The rest of what is cancelled after a complete request: config.suite.ts has a case for it.
    cases: /^cancel_(while_handler_works \(unary|after_first_response \(server|after_half_close)/,
    reason:
      "HAProxy 2.6 may miss that an HTTP/1.1 client has gone after its request, until the server sends something",
  },
  {
    proxy: "HAProxy",
    cases: /^(thousand|one_mib)_messages \(bidi/,
    reason:
      "HAProxy before 3.1 stops a stream that is full both ways: https://docs.haproxy.org/3.1/configuration.html#3.2-tune.h2.fe.rxbuf",
  },
];

/** Why a case is left out for a pair, if it is. */
export function exceptionOf(pair: Pair, { name }: Case): string | undefined {
  const { client, server, wire, proxy } = pair;
  const wireName = `${wire.protocol}/${wire.http}`;
  return exceptions.find(
    (one) =>
      (one.client?.includes(client.name) ?? true) &&
      (one.server?.includes(server.name) ?? true) &&
      (one.wire?.test(wireName) ?? true) &&
      (one.proxy === undefined || one.proxy === proxy?.name) &&
      one.cases.test(name),
  )?.reason;
}
