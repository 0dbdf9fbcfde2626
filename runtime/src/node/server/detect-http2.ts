// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";

/** What an HTTP/2 connection begins with. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** No method of HTTP/1.1 begins with this. */
const tellingBytes = 3;

/** How long a connection may say nothing, in milliseconds: as long as Node gives a TLS handshake. */
const FIRST_BYTES_TIMEOUT_MS = 10_000;

/** Waits for the first bytes of a connection, and tells whether they are HTTP/2's. */
export function detectHttp2(socket: Socket, decide: (isHttp2: boolean) => void): void {
  const timer = setTimeout(() => socket.destroy(), FIRST_BYTES_TIMEOUT_MS).unref();
  const giveUp = () => socket.destroy();
  const onReadable = () => {
    const head: Buffer | null = socket.read();
    if (!head) return;
    socket.unshift(head);
    const text = head.toString("latin1", 0, tellingBytes);
    if (text.length < tellingBytes && preface.startsWith(text)) return;
    stop();
    decide(preface.startsWith(text));
  };
  const stop = () => {
    clearTimeout(timer);
    socket.off("readable", onReadable);
    socket.off("error", giveUp);
    socket.off("end", giveUp);
    socket.off("close", stop);
  };
  socket.on("readable", onReadable);
  socket.on("error", giveUp);
  socket.on("end", giveUp);
  socket.on("close", stop);
}
