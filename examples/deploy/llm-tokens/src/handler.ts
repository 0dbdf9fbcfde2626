// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "connect-stream";
import type { TokenServiceHandler } from "../gen/tokens/v1/tokens_stream.js";
import { model } from "./model.js";

/** Answers so far. A real server keeps them in a database, and forgets them after a time. */
const answers = new Map<string, string[]>();

export const handler: TokenServiceHandler = {
  async generate({ id, prompt, after }, stream) {
    const tokens = answers.get(id) ?? [];
    if (after < 0 || after > tokens.length) {
      throw new ConnectError(`there are ${tokens.length} tokens`, Code.OutOfRange);
    }
    answers.set(id, tokens);
    // What the client does not have yet.
    for (let index = after; index < tokens.length; index++) {
      await stream.send({ index: index + 1, token: tokens[index] });
    }
    try {
      for await (const token of model(prompt, tokens, stream.context.signal)) {
        const index = tokens.push(token);
        await stream.send({ index, token });
      }
    } finally {
      console.log(`the model has stopped after ${tokens.length} tokens`);
    }
  },
};
