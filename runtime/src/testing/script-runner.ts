// SPDX-License-Identifier: Apache-2.0
import type { DescMessage, DescMethod } from "@bufbuild/protobuf";
import { ConnectError } from "@connectrpc/connect";
import { codeToString } from "../protocol/connect-internals.js";
import { diff } from "./diff.js";
import { matches } from "./match.js";
import { show } from "./show.js";
import { type PlayOptions, ScriptError } from "./steps.js";
import { PATIENCE_MS, waitFor } from "./timeout.js";
import { unknownField } from "./unknown-field.js";

/** A step, of whichever side. */
export type Step = string | object;

/** What came: a message, the end, a failure, or nothing in time. */
type Arrival = { readonly message: object | undefined } | { readonly failure: unknown } | "nothing";

/** Whose script it is. */
export interface Actor {
  readonly method: DescMethod;
  /** The messages that it receives. */
  readonly incoming: DescMessage;
  /** `ofMessage`: whether a message is what the script expects. */
  recv(ofMessage: boolean): Promise<object | undefined>;
  /** Does a step that is no expectation. */
  act(step: Step): unknown;
  /** What stands behind a failure, for who looks for its cause. */
  causeOf(failure: unknown): unknown;
}

/** Plays a script: does one step after the other, and stops at the first that does not come true. */
export class Player {
  readonly #actor: Actor;
  readonly #patienceMs: number;
  /** The step that is being played, and of what. */
  place = "";
  #step = 0;

  constructor(actor: Actor, { patienceMs = PATIENCE_MS }: PlayOptions = {}) {
    this.#actor = actor;
    this.#patienceMs = patienceMs;
  }

  async play(steps: readonly Step[]): Promise<void> {
    const { parent, name } = this.#actor.method;
    for (const [i, step] of steps.entries()) {
      this.#step = i + 1;
      this.place = `step ${i + 1} of ${steps.length} (${nameOf(step)}) of ${parent.typeName}.${name}`;
      await this.#do(step);
    }
  }

  async #do(step: Step): Promise<void> {
    if (step === "end") return this.#expectEnd(await this.#arrival());
    if (typeof step === "object" && "recv" in step) {
      this.#checkFields(step.recv);
      return this.#expectMessage(step.recv, await this.#arrival(true));
    }
    if (typeof step === "object" && "fails" in step) {
      return this.#expectFailure(step.fails, await this.#arrival());
    }
    const doing = async () => (typeof step === "function" ? step() : this.#actor.act(step));
    const done = await waitFor(doing(), this.#patienceMs);
    if (done === "late") this.#fail("done", `not done within ${this.#patienceMs} ms`);
    else if ("error" in done) this.#failWith(done.error);
  }

  async #arrival(ofMessage = false): Promise<Arrival> {
    const arrival = await waitFor(this.#actor.recv(ofMessage), this.#patienceMs);
    if (arrival === "late") return "nothing";
    return "error" in arrival ? { failure: arrival.error } : { message: arrival.value };
  }

  /** A field that does not exist would be one of which nothing is said. */
  #checkFields(expected: unknown): void {
    const { incoming } = this.#actor;
    const unknown = unknownField(incoming, expected);
    if (unknown === undefined) return;
    this.#failWith(new TypeError(`${incoming.typeName} has no field ${unknown}`));
  }

  #expectMessage(expected: unknown, arrival: Arrival): void {
    const message = arrival !== "nothing" && "message" in arrival ? arrival.message : undefined;
    if (typeof expected === "function") {
      if (!message) return this.#fail("a message", this.#show(arrival), arrival);
      return this.#ask(expected, message, show(message));
    }
    const init = Object(expected) as object;
    if (!message) return this.#fail(show(init), this.#show(arrival), arrival);
    if (matches(this.#actor.incoming, init, message)) return;
    this.#fail(show(init), show(message, init), arrival);
  }

  #expectEnd(arrival: Arrival): void {
    const ended = arrival !== "nothing" && "message" in arrival && !arrival.message;
    if (!ended) this.#fail("the end of the stream", this.#show(arrival), arrival);
  }

  #expectFailure(expected: unknown, arrival: Arrival): void {
    const failure = arrival !== "nothing" && "failure" in arrival ? arrival.failure : undefined;
    const wanted =
      typeof expected === "number" ? `the error [${codeToString(expected)}]` : "an error";
    if (failure === undefined) return this.#fail(wanted, this.#show(arrival), arrival);
    const error = ConnectError.from(failure);
    if (typeof expected === "function") return this.#ask(expected, error, this.#show(arrival));
    if (error.code !== expected) this.#fail(wanted, this.#show(arrival), arrival);
  }

  /** Calls a function of the script with what came. */
  #ask(check: CallableFunction, arrived: object, shown: string): void {
    let answer: unknown;
    try {
      answer = check(arrived);
    } catch (thrown) {
      return this.#failWith(thrown);
    }
    if (answer === false) this.#fail("what the function accepts", shown);
  }

  #show(arrival: Arrival): string {
    if (arrival === "nothing") return `nothing within ${this.#patienceMs} ms`;
    if ("failure" in arrival) return `the error ${ConnectError.from(arrival.failure).message}`;
    return arrival.message ? show(arrival.message) : "the end of the stream";
  }

  #fail(expected: string, actual: string, arrival?: Arrival): never {
    const failure =
      arrival && arrival !== "nothing" && "failure" in arrival ? arrival.failure : undefined;
    const cause = failure && this.#actor.causeOf(failure);
    const text = `${this.place} (- expected, + got)\n${diff(expected, actual)}`;
    throw new ScriptError(text, this.#step, expected, actual, cause);
  }

  #failWith(thrown: unknown): never {
    const text = thrown instanceof Error ? thrown.message : String(thrown);
    const message = `${this.place}: ${text}`;
    throw new ScriptError(message, this.#step, "no error", text, this.#actor.causeOf(thrown));
  }
}

function nameOf(step: Step): string {
  if (typeof step === "string") return step;
  if (typeof step === "function") return "function";
  return Object.keys(step)[0] ?? "nothing";
}
