// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.js";
import { UsageError } from "../exit.js";
import { type Options, parseOptions } from "../options.js";

const options = {
  schema: {
    type: "string",
    value: "SCHEMA",
    help: "a folder with a buf module, a .proto file, an image or a descriptor set (default: .)",
  },
  out: { type: "string", value: "DIR", help: "where to write (default: src/SERVICE)" },
  gen: {
    type: "string",
    value: "DIR",
    help: "where generated code is (default: as in buf.gen.yaml, or gen)",
  },
  runner: {
    type: "string",
    oneOf: ["node", "vitest"],
    help: "the test runner (default: vitest if package.json has it, or node)",
  },
} as const satisfies Options;

/** `connect-stream example`: a handler, a server, a client and a test for a service. */
export const example: Command = {
  summary: "write a handler, a server, a client and a test for a service",
  usage: "SERVICE",
  help: `SERVICE is the full name of a service, or its short name if that is unique. Each RPC gets the loop
that fits its kind. Existing files are kept.`,
  options,
  async run(args, io) {
    const { values, positionals } = parseOptions(options, args);
    const [name, ...rest] = positionals;
    if (name === undefined || rest.length > 0) throw new UsageError("example takes one SERVICE");
    const { writeExample } = await import("../example/example.js");
    await writeExample(name, values, io);
    return 0;
  },
};
