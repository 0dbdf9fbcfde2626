// SPDX-License-Identifier: Apache-2.0
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { TLSSocket } from "node:tls";
import type { ConnectError } from "@connectrpc/connect";
import { startTimer } from "../../call/timers.js";
import {
  ClientConnection,
  type ConnectionEvents,
  type Goaway,
  type HeaderList,
  type Http2Stream,
  type StreamEvents,
  type Violation,
} from "../../http2/index.js";
import { IdleLimit } from "../http2/idle-limit.js";
import { Keepalive } from "../http2/keepalive.js";
import { connectSocket, SocketHost } from "../http2/socket-host.js";
import { forbiddenSuite } from "../http2/tls-suites.js";
import { enableTcpKeepAlive } from "../tcp-keepalive.js";
import type { Addresses } from "./addresses.js";
import type { ConnectTarget } from "./connect-target.js";
import { ConnectionLoss } from "./connection-loss.js";
import { dial } from "./dial.js";

/** What servers say in a GOAWAY to clients that ping too often. */
const TOO_MANY_PINGS = "too_many_pings";

/** Who has connections, and hears of them. */
export interface ConnectionOwner {
  /** It has been made, and takes calls. */
  onMade(): void;
  /** It may take a call that it did not take before. */
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
  readonly #socket: Duplex;
  readonly #http2: ClientConnection;
  readonly #idle: IdleLimit;
  readonly #stopConnectTimer: () => void;
  #releaseAddress: (() => void) | undefined;
  #keepalive: Keepalive | undefined;
  #verifying = false;
  /** Whether anything has come from the server. */
  #spoke = false;
  #isLost = false;
  readonly #loss: ConnectionLoss;

  /**
   * Begins to connect, to one of `addresses` if there are some. Throws what Node throws for options
   * that it does not take.
   */
  constructor(target: ConnectTarget, owner: ConnectionOwner, addresses: Addresses | undefined) {
    this.#target = target;
    this.#owner = owner;
    this.#loss = new ConnectionLoss(target.url.origin);
    const lookup = addresses?.lookupFor((address) => {
      // The name may be found when the attempt has been given up.
      if (this.#isLost) addresses.release(address);
      else this.#releaseAddress = () => addresses.release(address);
    });
    const socket = dial(target, lookup);
    this.#socket = socket;
    if (socket instanceof Socket) enableTcpKeepAlive(socket);
    this.#http2 = new ClientConnection(new SocketHost(socket), this, target.http2);
    this.#idle = new IdleLimit(target.idleTimeoutMs, () => this.shutdown());
    this.#stopConnectTimer = startTimer(target.connectTimeoutMs, () => this.#onConnectTimeout());
    connectSocket(
      socket,
      this.#http2,
      () => this.#onBytes(),
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
      this.#holdProcess(true);
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
    this.#holdProcess(true);
    this.#keepalive.verify(() => {
      this.#verifying = false;
      this.#owner.onSlot();
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
    return this.#loss.error();
  }

  onSettings(): void {
    if (!this.made) {
      this.made = true;
      this.#stopConnectTimer();
      const { keepalive } = this.#target;
      this.#keepalive = new Keepalive(this.#http2, keepalive, () => this.#onDead());
      this.#owner.onMade();
      this.#unrefIfIdle();
    } else this.#owner.onSlot();
  }

  onStreamClosed(): void {
    this.#unrefIfIdle();
    this.#owner.onSlot();
  }

  onGoaway(goaway: Goaway): void {
    this.#loss.goaway(goaway);
    if (goaway.debug === TOO_MANY_PINGS) this.#pingLess();
    this.#owner.onLeaving(this);
  }

  onViolation({ scope, message }: Violation): void {
    if (scope === "stream") return;
    if (this.made) this.#loss.because(`the server violated HTTP/2: ${message}`);
    else this.#loss.otherProtocol();
  }

  onClose(): void {
    this.#isLost = true;
    this.#stopConnectTimer();
    this.#keepalive?.stop();
    this.#idle.stop();
    this.#releaseAddress?.();
    this.#holdProcess(false);
    this.#owner.onLost(this);
  }

  #onBytes(): void {
    this.#spoke = true;
    this.#keepalive?.heard();
  }

  /** Whether the process stays alive for it. */
  #holdProcess(hold: boolean): void {
    const socket = this.#socket;
    if (!(socket instanceof Socket)) return;
    if (hold) socket.ref();
    else socket.unref();
  }

  #unrefIfIdle(): void {
    if (this.#http2.openStreams > 0 || this.#http2.closed) return;
    this.#idle.begin();
    this.#holdProcess(false);
  }

  #onConnectTimeout(): void {
    this.#loss.connectTimeout();
    this.#cut();
  }

  #checkTls(socket: TLSSocket): void {
    const suite = forbiddenSuite(socket);
    if (suite === undefined) return;
    this.#loss.because(`the server chose ${suite}, which HTTP/2 forbids`);
    this.#cut();
  }

  #onDead(): void {
    const { timeoutMs } = this.#target.keepalive;
    this.#loss.because(`PING timed out: the server did not answer within ${timeoutMs} ms`);
    this.#cut();
  }

  /** https://github.com/grpc/proposal/blob/master/A8-client-side-keepalive.md#basic-keepalive */
  #pingLess(): void {
    const { keepalive } = this.#target;
    keepalive.intervalMs *= 2;
    this.#loss.because(
      `too_many_pings: the server limits pings; pingIntervalMs is ${keepalive.intervalMs} from now on`,
    );
  }

  /** The server is not to be waited for. */
  #cut(): void {
    this.#socket.destroy();
    this.#http2.transportClosed(this.error().rawMessage);
  }

  #noteSilence(): void {
    const { url, nodeOptions } = this.#target;
    const showsCertificate = "cert" in nodeOptions || "pfx" in nodeOptions;
    if (url.protocol === "http:" || showsCertificate) this.#loss.silence(url.protocol !== "http:");
  }

  #onSocketEnd(error: Error | undefined): string {
    if (error) this.#loss.socketError(error);
    else if (!this.made && this.#spoke) this.#loss.otherProtocol();
    else if (!this.made) this.#noteSilence();
    return this.error().rawMessage;
  }
}
