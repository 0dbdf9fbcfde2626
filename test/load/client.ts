// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The client of the load tests, a process of its own. */
import { getEventListeners } from "node:events";
import { answer, stats } from "./commands.js";
import { DrainLoad } from "./drain-load.js";
import { IdleLoad } from "./idle-load.js";
import { MixedLoad } from "./mixed-load.js";

const drain = new DrainLoad();
const idle = new IdleLoad();
const giveUp = new AbortController();
const mixed = new MixedLoad(giveUp.signal);

answer({
  stats: () => stats(getEventListeners(giveUp.signal, "abort").length),
  "open drain load": (argument: { url: string; streams: number }) => drain.open(argument),
  "finish some": () => drain.finishSome(),
  "drain results": () => drain.results(),
  "open idle streams": (argument: { url: string; connections: number; streams: number }) =>
    idle.open(argument),
  "use idle streams": () => idle.use(),
  "close idle streams": () => idle.close(),
  "start mixed calls": (argument: { url: string; seed: number }) => mixed.start(argument),
  "stop mixed calls": () => mixed.stop(),
});
