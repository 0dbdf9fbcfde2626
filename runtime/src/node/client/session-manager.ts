// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Stream, Http2Session, OutgoingHttpHeaders } from "node:http2";
import { Code } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { notSentError } from "../../client/not-sent-error.js";
import { definedOnly } from "../../options/settings.js";
import { STREAM_WINDOW_BYTES, widenConnectionWindow } from "../windows.js";

type ManagerParameters = ConstructorParameters<typeof Http2SessionManager>;

/**
 * The longest block of headers that nghttp2 sends. A longer one it refuses to itself, which looks
 * like a server that refuses the stream.
 * https://nghttp2.org/documentation/nghttp2_option_set_max_send_header_block_length.html
 */
const MAX_SEND_HEADER_BLOCK_BYTES = 64 * 1024;

/** What nghttp2 reckons with for each field beside name and value, and for the block. */
const FIELD_BYTES = 12;
const BLOCK_BYTES = 17;

/** Connect-Node's session manager, with windows of our size. */
export class StreamSessionManager extends Http2SessionManager {
  readonly #maxHeaderBytes: number;
  /** What each request takes beside its own. */
  readonly #requestBytes: number;
  #widened: Http2Session | undefined;

  constructor(...[url, pingOptions, options]: ManagerParameters) {
    const given = definedOnly(options?.settings ?? {});
    // No RPC takes what a server pushes, and Node throws the error of a pushed stream at the process.
    const settings = { initialWindowSize: STREAM_WINDOW_BYTES, ...given, enablePush: false };
    super(url, pingOptions, { ...options, settings });
    this.#requestBytes =
      BLOCK_BYTES + fieldBytes("authority", this.authority) + fieldBytes("scheme", "https");
    this.#maxHeaderBytes = options?.maxSendHeaderBlockLength ?? MAX_SEND_HEADER_BLOCK_BYTES;
  }

  override async request(
    ...args: Parameters<Http2SessionManager["request"]>
  ): Promise<ClientHttp2Stream> {
    const [method, path, headers] = args;
    this.#checkSize(method, path, headers);
    const stream = await super.request(...args);
    const { session } = stream;
    if (session && session !== this.#widened) {
      this.#widened = session;
      widenConnectionWindow(session);
    }
    return stream;
  }

  #checkSize(method: string, path: string, headers: OutgoingHttpHeaders): void {
    const own = fieldBytes("method", method) + fieldBytes("path", path);
    const bytes = this.#requestBytes + own + headerBytes(headers);
    if (bytes <= this.#maxHeaderBytes) return;
    throw notSentError(
      `the request's headers take ${bytes} bytes, and this client sends no more than ${this.#maxHeaderBytes}`,
      Code.ResourceExhausted,
    );
  }
}

const known = new WeakMap<OutgoingHttpHeaders, number>();

/** Frozen headers are reckoned once. */
function headerBytes(headers: OutgoingHttpHeaders): number {
  const before = known.get(headers);
  if (before !== undefined) return before;
  let bytes = 0;
  for (const name in headers) {
    const value = headers[name] ?? "";
    for (const one of Array.isArray(value) ? value : [value]) bytes += fieldBytes(name, one);
  }
  if (Object.isFrozen(headers)) known.set(headers, bytes);
  return bytes;
}

/** As nghttp2 reckons, before compression. */
function fieldBytes(name: string, value: string | number): number {
  return FIELD_BYTES + name.length + String(value).length;
}
