// SPDX-License-Identifier: Apache-2.0
import type { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { ConnectError } from "@connectrpc/connect";
import { startTimer } from "../../call/timers.js";
import {
  ClientConnection,
  type ConnectionEvents,
  errorCodeName,
  type Goaway,
  type HeaderList,
  type Http2Stream,
  type StreamEvents,
  type Violation,
} from "../../http2/index.js";
import { connectSocket, SocketHost } from "../http2/socket-host.js";
import type { ConnectTarget } from "./connect-target.js";
import { HINT_HTTP1 } from "./connection-advice.js";
import { dial, tlsFlaw } from "./dial.js";
import { connectionError, connectTimeoutError, lostError } from "./errors.js";
import { IdleLimit } from "./idle-limit.js";
import { Keepalive } from "./keepalive.js";

/** Who has connections, and hears of them. */
export interface ConnectionOwner {
  /** It takes calls, or more than before. */
  onAvailable(): void;
  /** A call on it has ended. */
  onSlot(): void;
  /** It takes no new calls; those that are open go on. */
  onLeaving(connection: Connection): void;
  /** Nothing goes over it any more. */
  onLost(connection: Connection): void;
  /** Its socket is closed, too. */
  onSocketClosed(connection: Connection): void;
}

/** One HTTP/2 connection of a client, from the attempt to make it on. */
export class Connection implements ConnectionEvents {
  /** Whether the server's settings have come: it was made. */
  made = false;
  readonly #target: ConnectTarget;
  readonly #owner: ConnectionOwner;
  readonly #socket: Socket;
  readonly #http2: ClientConnection;
  readonly #idle: IdleLimit;
  readonly #stopConnectTimer: () => void;
  #keepalive: Keepalive | undefined;
  #verifying = false;
  /** What went wrong, where it is known better than by the socket's error. */
  #reason: (() => ConnectError) | undefined;
  #socketError: Error | undefined;

  /** Begins to connect. Throws what Node throws for options that it does not take. */
  constructor(target: ConnectTarget, owner: ConnectionOwner) {
    this.#target = target;
    this.#owner = owner;
    const socket = dial(target);
    this.#socket = socket;
    this.#http2 = new ClientConnection(new SocketHost(socket), this, target.http2);
    this.#idle = new IdleLimit(target.idleTimeoutMs, () => this.shutdown());
    this.#stopConnectTimer = startTimer(target.connectTimeoutMs, () => this.#onConnectTimeout());
    connectSocket(
      socket,
      this.#http2,
      () => this.#keepalive?.heard(),
      (error) => this.#onSocketEnd(error),
    );
    socket.once("close", () => owner.onSocketClosed(this));
    if (socket instanceof TLSSocket) socket.once("secureConnect", () => this.#checkTls(socket));
  }

  /** Whether it takes a call now. */
  get canRequest(): boolean {
    return this.made && !this.#verifying && this.#http2.canRequest;
  }

  /** Whether it takes no call until the server has shown that it is there. */
  get isVerifying(): boolean {
    return this.#verifying;
  }

  get openStreams(): number {
    return this.#http2.openStreams;
  }

  /** Octets of a header list that the server takes. */
  get peerHeaderBytes(): number {
    return this.#http2.peer.maxHeaderListSize;
  }

  /** Makes a request. `canRequest` must be true. Throws a `TypeError` for malformed headers. */
  request(headers: HeaderList, events: StreamEvents): Http2Stream {
    const stream = this.#http2.request(headers, events);
    if (this.#http2.openStreams === 1) {
      this.#socket.ref();
      this.#idle.end();
    }
    return stream;
  }

  /**
   * Makes sure that the server is still there, if there were no calls and nothing has come from it
   * for long. Meanwhile the connection takes no calls.
   */
  verifyIfDoubtful(): void {
    if (this.#verifying || this.openStreams > 0 || !this.#keepalive?.isDoubtful) return;
    this.#verifying = true;
    this.#socket.ref();
    this.#keepalive.verify(() => {
      this.#verifying = false;
      this.#owner.onAvailable();
      this.#unrefIfIdle();
    });
  }

  /** Takes no more calls, and closes once those that are open have ended. */
  shutdown(): void {
    this.#http2.shutdown();
    this.#owner.onLeaving(this);
  }

  /** Closes it now. */
  destroy(): void {
    this.#http2.destroy();
    if (!this.made) this.#socket.destroy();
  }

  /** Why it was lost, or could not be made. A new error each time, since each call may add to its own. */
  error(): ConnectError {
    if (this.#reason) return this.#reason();
    const { origin } = this.#target.url;
    const cause = this.#socketError;
    if (cause) return connectionError(cause, origin);
    const spoke = !this.made && this.#socket.bytesRead > 0;
    const { goaway } = this.#http2;
    return lostError(origin, spoke ? HINT_HTTP1 : goaway && adviceOnGoaway(goaway));
  }

  onSettings(): void {
    if (!this.made) {
      this.made = true;
      this.#stopConnectTimer();
      const { keepalive } = this.#target;
      this.#keepalive = new Keepalive(this.#http2, keepalive, () => this.#onDead());
      this.#owner.onAvailable();
      this.#unrefIfIdle();
    } else this.#owner.onAvailable();
  }

  onStreamClosed(): void {
    this.#unrefIfIdle();
    this.#owner.onSlot();
  }

  onGoaway(goaway: Goaway): void {
    if (goaway.debug === TOO_MANY_PINGS) this.#pingLess();
    this.#owner.onLeaving(this);
  }

  onViolation({ scope, message }: Violation): void {
    if (scope === "stream") return;
    const { origin } = this.#target.url;
    const advice = this.made ? `the server broke a rule of HTTP/2: ${message}` : HINT_HTTP1;
    this.#reason ??= () => lostError(origin, advice);
  }

  onClose(): void {
    this.#stopConnectTimer();
    this.#keepalive?.stop();
    this.#idle.stop();
    this.#socket.unref();
    this.#owner.onLost(this);
  }

  #unrefIfIdle(): void {
    if (this.#http2.openStreams > 0 || this.#http2.closed) return;
    this.#idle.begin();
    this.#socket.unref();
  }

  #onConnectTimeout(): void {
    const { origin } = this.#target.url;
    this.#break(() => connectTimeoutError(origin));
  }

  #checkTls(socket: TLSSocket): void {
    const flaw = tlsFlaw(socket);
    if (flaw === undefined) return;
    const { origin } = this.#target.url;
    this.#break(() => lostError(origin, flaw));
  }

  #onDead(): void {
    const { url, keepalive } = this.#target;
    const advice = `PING timed out: the server did not answer within ${keepalive.timeoutMs} ms`;
    this.#break(() => lostError(url.origin, advice));
  }

  /** https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#basic-keepalive */
  #pingLess(): void {
    const { url, keepalive } = this.#target;
    keepalive.intervalMs *= 2;
    const advice = `too_many_pings: the server wants fewer; pingIntervalMs is ${keepalive.intervalMs} from now on`;
    this.#reason = () => lostError(url.origin, advice);
  }

  /** The peer is not to be waited for. */
  #break(reason: () => ConnectError): void {
    this.#reason ??= reason;
    this.#socket.destroy();
    this.#http2.transportClosed(reason().rawMessage);
  }

  #onSocketEnd(error: Error | undefined): string {
    this.#socketError = error;
    return this.error().rawMessage;
  }
}

const TOO_MANY_PINGS = "too_many_pings";

function adviceOnGoaway({ code, debug }: Goaway): string {
  const name = errorCodeName(code);
  return `the server closed it (${debug === "" ? name : `${name}: ${debug}`})`;
}
