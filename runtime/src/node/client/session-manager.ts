// SPDX-License-Identifier: Apache-2.0
import type { ClientHttp2Stream, Http2Session, OutgoingHttpHeaders } from "node:http2";
import { Code } from "@connectrpc/connect";
import { Http2SessionManager } from "@connectrpc/connect-node";
import { notSentError } from "../../client/not-sent-error.js";
import { definedOnly } from "../../options/settings.js";
import { shareConnection } from "../fair-share.js";
import { STREAM_WINDOW_BYTES, widenConnectionWindow } from "../windows.js";
import { watchSessionErrors } from "./session-errors.js";

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

/** Connect-Node's session manager, for unary calls and streams alike, with windows of our size. */
export class StreamSessionManager extends Http2SessionManager {
  readonly #maxHeaderBytes: number;
  #widened: Http2Session | undefined;

  constructor(...[url, pingOptions, options]: ManagerParameters) {
    const given = definedOnly(options?.settings ?? {});
    // No RPC takes what a server pushes, and Node throws the error of a pushed stream at the process.
    const settings = { initialWindowSize: STREAM_WINDOW_BYTES, ...given, enablePush: false };
    super(url, pingOptions, { ...options, settings });
    this.#maxHeaderBytes = options?.maxSendHeaderBlockLength ?? MAX_SEND_HEADER_BLOCK_BYTES;
  }

  override async request(
    ...args: Parameters<Http2SessionManager["request"]>
  ): Promise<ClientHttp2Stream> {
    const [method, path, headers] = args;
    this.#checkSize({ ...headers, method, path, authority: this.authority, scheme: "https" });
    const stream = await super.request(...args);
    watchSessionErrors(stream);
    shareConnection(stream);
    const { session } = stream;
    if (session && session !== this.#widened) {
      this.#widened = session;
      widenConnectionWindow(session);
    }
    return stream;
  }

  #checkSize(headers: OutgoingHttpHeaders): void {
    const bytes = blockBytes(headers);
    if (bytes <= this.#maxHeaderBytes) return;
    throw notSentError(
      `the request's headers take ${bytes} bytes, and this client sends no more than ${this.#maxHeaderBytes}`,
      Code.ResourceExhausted,
    );
  }
}

/** As nghttp2 reckons, before compression. */
function blockBytes(headers: OutgoingHttpHeaders): number {
  let bytes = BLOCK_BYTES;
  for (const [name, value] of Object.entries(headers)) {
    const values = Array.isArray(value) ? value : [value ?? ""];
    for (const one of values) bytes += FIELD_BYTES + name.length + String(one).length;
  }
  return bytes;
}
