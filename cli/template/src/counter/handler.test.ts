import test from "node:test";
import { Code } from "@connectrpc/connect";
import { testCall } from "connect-stream/testing";
import { CounterService } from "../../gen/counter/v1/counter_pb.js";
import { createCounter } from "./handler.js";

const { get, watch, add, play } = CounterService.method;

test("adds, and tells who watches", async () => {
  const counter = createCounter();
  await using watching = testCall(watch, counter.watch, {});
  await watching.play([{ recv: { count: 0 } }, "quiet"]);

  await using adding = testCall(add, counter.add);
  await adding.play([
    { send: { amount: 1 } },
    { send: { amount: 2 } },
    "closeSend",
    { recv: { count: 3 } },
  ]);
  await watching.play([{ recv: { count: 1 } }, { recv: { count: 3 } }, "quiet", "cancel"]);
  await watching.play([{ fails: Code.Canceled }]);

  await using getting = testCall(get, counter.get, {});
  await getting.play([{ recv: { count: 3 } }]);
});

test("answers each amount", async () => {
  await using call = testCall(play, createCounter().play);
  await call.play([
    { send: { amount: 1 } },
    { recv: { count: 1 } },
    { send: { amount: -1 } },
    { recv: { count: 0 } },
    "closeSend",
    "end",
  ]);
});
