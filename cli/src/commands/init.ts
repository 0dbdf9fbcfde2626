// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.js";
import { UsageError } from "../exit.js";
import { type Options, parseOptions } from "../options.js";

const options = {
  yes: { type: "boolean", short: "y", help: "add to an existing project without asking" },
} as const satisfies Options;

/** `connect-stream init`: a new project. */
export const init: Command = {
  summary: "start a project: configuration, a first service, server, client and test",
  usage: "[DIR]",
  help: `DIR is the project's folder, created if missing. Default: the current folder. In an existing project,
init shows which files are missing, and what to change in the others. It never overwrites a file.`,
  options,
  async run(args, io) {
    const { values, positionals } = parseOptions(options, args);
    if (positionals.length > 1) throw new UsageError("init takes one folder");
    const { initProject } = await import("../init/init.js");
    await initProject(positionals[0] ?? ".", values.yes ?? false, io);
    return 0;
  },
};
