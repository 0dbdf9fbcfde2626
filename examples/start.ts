// SPDX-License-Identifier: Apache-2.0
// `npm start`: generates code, then tells the story of main.ts with it.
import { declarationOf, generate } from "./generate.js";
import { createNarrator } from "./terminal.js";

const narrator = createNarrator(process.stdout);
narrator.scene("buf generate: from proto/ to gen/");
const started = performance.now();
for (const { path, lines } of await generate()) {
  const what = path.endsWith("_stream.ts") ? "streams, handler, client" : "messages";
  narrator.note(`${path.padEnd(38)} ${String(lines).padStart(4)} lines  ${what}`);
}
narrator.note(
  `in ${((performance.now() - started) / 1000).toFixed(1)} s. A handler of \`rpc Watch\` is`,
);
narrator.note(`  ${await declarationOf("gen/monitor/v1/monitor_stream.ts", "watch")}`);

// Only now: it imports what has just been generated.
const { tellStory } = await import("./main.js");
await tellStory(narrator);

if (!process.exitCode) {
  narrator.scene("What to do next");
  narrator.note("your own stream in five minutes   README.md#five-minutes-to-a-running-stream");
  narrator.note("the code behind this story        examples/");
  narrator.note("all pages                         docs/README.md");
  narrator.note("run the tests                     npm test");
}
