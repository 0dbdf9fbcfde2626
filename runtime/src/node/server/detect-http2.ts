// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";

/** What an HTTP/2 connection begins with. https://www.rfc-editor.org/rfc/rfc9113#section-3.4 */
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/** No method of HTTP/1.1 begins with this. */
const tellingBytes = 3;

/** How long a connection may say nothing, in milliseconds: as long as Node gives a TLS handshake. */
export const FIRST_BYTES_TIMEOUT_MS = 10_000;

/**
 * Waits for the first bytes of a connection, and tells whether they are HTTP/2's. Those of HTTP/1.1
 * are put back once, when that is known: Node emits "readable" again for bytes that are put back, at
 * once and for ever, which leaves no turn of the event loop to anything else.
 */
export function detectHttp2(socket: Socket, decide: (http2: Uint8Array | undefined) => void): void {
  const timer = setTimeout(() => socket.destroy(), FIRST_BYTES_TIMEOUT_MS).unref();
  let head = Buffer.alloc(0);
  const giveUp = () => socket.destroy();
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (!chunk) return;
    head = Buffer.concat([head, chunk]);
    const text = head.toString("latin1", 0, tellingBytes);
    const maybeHttp2 = preface.startsWith(text);
    if (maybeHttp2 && text.length < tellingBytes) return;
    stop();
    if (!maybeHttp2) socket.unshift(head);
    decide(maybeHttp2 ? head : undefined);
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
