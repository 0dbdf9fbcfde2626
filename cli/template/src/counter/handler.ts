import { EventEmitter, on } from "node:events";
import type { CounterServiceHandler } from "../../gen/counter/v1/counter_stream.js";

/** A counter that starts at 0. */
export function createCounter(): CounterServiceHandler {
  const changes = new EventEmitter().setMaxListeners(0);
  let count = 0;
  const add = (amount: number) => {
    count += amount;
    changes.emit("change", count);
  };
  return {
    get() {
      return { count };
    },

    async watch(_request, stream) {
      // The signal aborts when the client leaves: the loop ends, and so does the call.
      const news = on(changes, "change", { signal: stream.context.signal });
      await stream.send({ count });
      for await (const [changed] of news) await stream.send({ count: changed });
    },

    async add(stream) {
      // Ends when the client has sent its last amount, and throws when the client has left.
      for await (const { amount } of stream) add(amount);
      await stream.sendAndClose({ count });
    },

    async play(stream) {
      for await (const { amount } of stream) {
        add(amount);
        await stream.send({ count });
      }
    },
  };
}
