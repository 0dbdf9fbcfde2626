// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import { errorCodeName, type Goaway } from "../../http2/index.js";
import { HINT_HTTP1 } from "./connection-advice.js";
import { connectionError, connectTimeoutError, lostError } from "./errors.js";

/** Why a connection was lost, or could not be made: what is known of it, best first. */
export class ConnectionLoss {
  readonly #origin: string;
  /** What we ended it for. */
  #reason: (() => ConnectError) | undefined;
  #socketError: Error | undefined;
  #goaway: Goaway | undefined;
  #isOther = false;

  constructor(origin: string) {
    this.#origin = origin;
  }

  /** A new error each time, since each call may add to its own. */
  error(): ConnectError {
    if (this.#reason) return this.#reason();
    if (this.#socketError) return connectionError(this.#socketError, this.#origin);
    const advice = this.#isOther ? HINT_HTTP1 : this.#goaway && adviceOn(this.#goaway);
    return lostError(this.#origin, advice);
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
