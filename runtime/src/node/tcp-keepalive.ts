// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";

/**
 * How long a connection is silent before TCP asks whether its peer is still there, in milliseconds. As
 * in Go; Node's default is never, and the system's two hours.
 * https://github.com/golang/go/blob/go1.26.0/src/net/dial.go (defaultTCPKeepAliveIdle)
 */
const TCP_KEEPALIVE_MS = 15_000;

/**
 * Notices a peer whose machine or network is gone, without a word: its calls end, though nothing is sent.
 */
export function enableTcpKeepAlive(socket: Socket): void {
  const enable = () => socket.setKeepAlive(true, TCP_KEEPALIVE_MS);
  // Before that, libuv forgets how long.
  if (socket.connecting) socket.once("connect", enable);
  else enable();
}
