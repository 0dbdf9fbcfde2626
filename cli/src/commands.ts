// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation All commands. A new one is a file in `commands/`, and a line here. */
import type { Command } from "./command.js";
import { call } from "./commands/call.js";
import { completion } from "./commands/completion.js";
import { example } from "./commands/example.js";
import { init } from "./commands/init.js";
import { lint } from "./commands/lint.js";
import { list } from "./commands/list.js";

/** The commands by name, in the order of `--help`. */
export const commands: Readonly<Record<string, Command>> = {
  init,
  example,
  call,
  list,
  lint,
  completion,
};
