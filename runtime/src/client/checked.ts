// SPDX-License-Identifier: Apache-2.0
import type { ConnectError } from "@connectrpc/connect";
import type { RecvOptions } from "../options.js";
import { rejected } from "../stream/settle.js";
import { ClientDelegate } from "./delegate.js";

/** A side that looks at each message before whoever receives gets it, and gives none after a bad one. */
export abstract class CheckedSide extends ClientDelegate {
  #fault: ConnectError | undefined;

  /** What is wrong with a message that was received. */
  protected abstract faultOfReceived(message: object): ConnectError | undefined;

  override recv(options?: RecvOptions): Promise<object | undefined> {
    if (this.#fault) return rejected(this.#fault);
    const message = this.side.recv(options).then((arrived) => {
      // Several that receive at once have their messages before the first is looked at.
      if (this.#fault) throw this.#fault;
      const fault = arrived && this.faultOfReceived(arrived);
      if (!fault) return arrived;
      this.#end(fault);
      throw fault;
    });
    // A recv that nobody awaits must not take the process down.
    message.catch(() => undefined);
    return message;
  }

  #end(fault: ConnectError): void {
    this.#fault = fault;
    this.side.fail(fault);
    // A call that had ended keeps its outcome, but what it holds is of no use.
    this.side.close();
  }
}
