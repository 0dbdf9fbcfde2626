// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { errorCodeName, type Goaway } from "../../http2/index.js";
import { HINT_HTTP1, HINT_REJECTED, HINT_SILENT } from "./connection-advice.js";
import { connectionError, connectTimeoutError, lostError } from "./errors.js";

/** Why a connection was lost, or could not be made: what is known of it, best first. */
export class ConnectionLoss {
  readonly #origin: string;
  /** What we ended it for. */
  #reason: (() => ConnectError) | undefined;
  #socketError: Error | undefined;
  #goaway: Goaway | undefined;
  #isOther = false;
  #silence: string | undefined;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** A new error each time, since each call may add to its own. */
  error(): ConnectError {
    if (this.#reason) return this.#reason();
    if (this.#socketError) return connectionError(this.#socketError, this.#origin);
    return lostError(this.#origin, this.#advice());
  }

  #advice(): string | undefined {
    if (this.#isOther) return HINT_HTTP1;
    if (this.#goaway) return adviceOn(this.#goaway);
    return this.#silence;
  }

  /** We end it, or have to. The first reason counts. */
  because(advice: string): void {
    this.#reason ??= () => lostError(this.#origin, advice);
  }

  connectTimeout(): void {
    this.#reason ??= () => connectTimeoutError(this.#origin);
  }

  /** What the server sends is not HTTP/2. */
  otherProtocol(): void {
    this.#isOther = true;
  }

  /** The server has closed it and sent nothing. `isRejected`: it has seen a certificate of ours. */
  silence(isRejected: boolean): void {
    this.#silence = isRejected ? HINT_REJECTED : HINT_SILENT;
  }

  goaway(goaway: Goaway): void {
    this.#goaway = goaway;
  }

  socketError(error: Error): void {
    this.#socketError = error;
  }
}

function adviceOn({ code, debug }: Goaway): string {
  const name = errorCodeName(code);
  return `the server closed it (${debug === "" ? name : `${name}: ${debug}`})`;
}
