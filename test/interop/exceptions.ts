// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./cases.js";
import type { Pair } from "./suite.js";

/** A case that cannot pass, through no fault of ours. Each is reported as skipped, with its reason. */
interface Exception {
  readonly client?: readonly string[];
  readonly server?: readonly string[];
  readonly wire?: RegExp;
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
    reason: "servers of grpc-js do not compress: https://github.com/grpc/grpc-node/issues/2540",
  },
];

/** Why a case is left out for a pair, if it is. */
export function exceptionOf({ client, server, wire }: Pair, { name }: Case): string | undefined {
  const wireName = `${wire.protocol}/${wire.http}`;
  return exceptions.find(
    (one) =>
      (one.client?.includes(client.name) ?? true) &&
      (one.server?.includes(server.name) ?? true) &&
      (one.wire?.test(wireName) ?? true) &&
      one.cases.test(name),
  )?.reason;
}
