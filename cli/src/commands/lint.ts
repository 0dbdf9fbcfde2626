// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.js";
import { exit, UsageError } from "../exit.js";
import { type Options, parseOptions } from "../options.js";

const options = {
  format: {
    type: "string",
    oneOf: ["text", "json"],
    help: "one line per mistake, as text or JSON",
  },
} as const satisfies Options;

/** `connect-stream lint`: what the generator would refuse. */
export const lint: Command = {
  summary: "check the policies of a schema, without generating",
  usage: "[SCHEMA]",
  help: `SCHEMA is a folder with a buf module or workspace, a .proto file, an image or a descriptor set.
Default: the current folder. lint finds everything that protoc-gen-connect-stream rejects: invalid
values, options without effect, errors declared twice. For all other rules, use buf lint.

Exit codes: 0 without mistakes, 1 with mistakes, 2 if the schema can't be read.`,
  options,
  async run(args, io) {
    const { values, positionals } = parseOptions(options, args);
    if (positionals.length > 1) throw new UsageError("lint takes one schema");
    const { findFaults, printed } = await import("../lint.js");
    const faults = await findFaults(positionals[0] ?? ".", io);
    await io.write(faults.map((fault) => printed(fault, values.format)).join(""));
    return faults.length > 0 ? exit.failed : exit.ok;
  },
};
