// SPDX-License-Identifier: Apache-2.0
import type { TLSSocket } from "node:tls";

/** Suites of TLS 1.2 that RFC 9113 allows: ephemeral keys, and encryption that authenticates. */
const allowed = /^(ECDHE|DHE)-.*(GCM|CCM|CHACHA20)/;

/**
 * The cipher suite of a TLS connection, if HTTP/2 must not run on it. Those of TLS 1.3 are all good, and
 * older versions are not to be used at all.
 * https://www.rfc-editor.org/rfc/rfc9113.html#section-9.2
 */
export function forbiddenSuite(socket: TLSSocket): string | undefined {
  if (socket.getProtocol() === "TLSv1.3") return undefined;
  const { name } = socket.getCipher();
  return socket.getProtocol() === "TLSv1.2" && allowed.test(name) ? undefined : name;
}
