// SPDX-License-Identifier: Apache-2.0
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { isObject, shown } from "../options/settings.js";
import type { HandlerMethod } from "../server/run-handler.js";
import { unimplemented } from "../server/unimplemented.js";

/**
 * The methods of a handler, by the names that generated code has for the RPCs; those that are left
 * out answer `unimplemented`. Throws a `TypeError` for a handler that looks like a mistake.
 */
export class HandlerMethods {
  readonly #service: DescService;
  readonly #handler: object;
  readonly #known: string[] = [];
  readonly #leftOut: string[] = [];

  constructor(service: DescService, handler: unknown) {
    this.#service = service;
    if (!isObject(handler) && typeof handler !== "function") {
      throw this.#fault(` must be an object with a method for each RPC, not ${shown(handler)}`);
    }
    this.#handler = handler;
  }

  /** That of an RPC, bound. What every object inherits does not count. */
  take(method: DescMethod, name: string): HandlerMethod {
    const handler = this.#handler;
    this.#known.push(name);
    const value: unknown = Reflect.get(handler, name);
    if (value === undefined || value === Reflect.get(Object.prototype, name)) {
      this.#leftOut.push(name);
      return unimplemented(method);
    }
    if (typeof value !== "function") {
      throw this.#fault(`: ${name} must be a function, not ${shown(value)}`);
    }
    return (...args) => Reflect.apply(value, handler, args);
  }

  /**
   * To be called when all have been taken. A function that is no RPC, where an RPC is left out, is
   * taken for its name misspelt. Only of plain objects: classes, and modules, have helpers of their own.
   */
  checkNames(): void {
    if (this.#leftOut.length === 0) return;
    if (typeof this.#handler === "function" && this.#leftOut.length === this.#known.length) {
      throw this.#fault(
        " must be an object with a method for each RPC, not a class: pass an instance",
      );
    }
    if (Object.getPrototypeOf(this.#handler) !== Object.prototype) return;
    const stray = Object.entries(this.#handler).find(
      ([name, value]) => typeof value === "function" && !this.#known.includes(name),
    );
    if (!stray) return;
    const advice = "move helpers out of the handler, or make the handler a class";
    throw this.#fault(
      ` has ${stray[0]}, which is not an RPC, and lacks ${this.#leftOut.join(", ")}: ${advice}`,
    );
  }

  #fault(what: string): TypeError {
    return new TypeError(`the handler of ${this.#service.typeName}${what}`);
  }
}
