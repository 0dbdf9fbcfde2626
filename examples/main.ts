// SPDX-License-Identifier: Apache-2.0
// A story in four scenes: three services on one port, and four clients that know nothing of each
// other. Exit code 0 only if everything happened as told.
import { pathToFileURL } from "node:url";
import { chat } from "./scenes/chat.js";
import { uploadToSlowReader } from "./scenes/slow-reader.js";
import { openStage, type Stage } from "./scenes/stage.js";
import { upload } from "./scenes/upload.js";
import { watch } from "./scenes/watch.js";
import { createNarrator, type Narrator } from "./terminal.js";

/** Runs the story. Sets the exit code, and ends early on Ctrl-C. */
export async function tellStory(narrator: Narrator): Promise<void> {
  const stage = await openStage(narrator);
  let interrupted = false;
  process.once("SIGINT", () => {
    interrupted = true;
    // The call that is open fails with `unavailable`, and with it this run.
    void stage.close({ graceMs: 0 });
  });
  try {
    await play(stage);
    narrator.good("All as it should be.");
  } catch (error) {
    if (interrupted) console.error("\nInterrupted.");
    else console.error("\nNot as it should be:", error);
    process.exitCode = interrupted ? 130 : 1;
  } finally {
    await stage.close({ graceMs: 1000 });
  }
}

async function play(stage: Stage): Promise<void> {
  const { narrator, clients, url } = stage;
  narrator.scene("One server, one port, three services");
  narrator.server(`MonitorService, AnalyticsService and ChatService on ${url}`);
  for (const { who, speaks } of clients) narrator.client(who, speaks);
  for (const scene of [chat, watch, upload, uploadToSlowReader]) await scene(stage);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await tellStory(createNarrator(process.stdout));
}
