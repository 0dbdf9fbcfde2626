// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { startTimer } from "../call/timers.js";
import type { RequestHead } from "./context.js";

/** How long to read on for the end of a request that cannot be served, in milliseconds. */
const MAX_DELAY_MS = 1000;

/**
 * Lets a client finish its request before it is refused, where it would not listen, or lose its
 * connection:
 *
 * - One that knows the length of its request stops at an answer, and nghttp2 resets a stream that ends
 *   short of its `content-length`, maybe before the client has read all of the answer.
 * - One request over HTTP/1.1 has to be read to its end for the next one on its connection.
 */
export class AnswerDelay {
  #ended = false;
  #answer: (() => void) | undefined;
  #stopTimer: (() => void) | undefined;

  /** That of a call, if it has an end to wait for. */
  static of({ methodKind }: DescMethod, head: RequestHead): AnswerDelay | undefined {
    const oneRequest = methodKind === "unary" || methodKind === "server_streaming";
    const moreToCome = head.get("content-length") !== undefined || (oneRequest && !head.fullDuplex);
    return moreToCome ? new AnswerDelay() : undefined;
  }

  wait(answer: () => void): void {
    if (this.#ended) return answer();
    this.#answer = answer;
    this.#stopTimer = startTimer(MAX_DELAY_MS, () => this.requestEnded());
  }

  requestEnded(): void {
    this.#ended = true;
    const answer = this.#answer;
    this.stop();
    answer?.();
  }

  stop(): void {
    this.#answer = undefined;
    this.#stopTimer?.();
  }
}
