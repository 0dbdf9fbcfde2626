// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.js";
import { UsageError } from "../exit.js";
import { type Options, parseOptions } from "../options.js";

const options = {} as const satisfies Options;

/** `connect-stream call`: calls an RPC. */
export const call: Command = {
  summary: "call an RPC, of any kind, over any protocol",
  usage: "URL SERVICE/METHOD",
  help: "",
  options,
  async run(args) {
    const { positionals } = parseOptions(options, args);
    const [url, method] = positionals;
    if (url === undefined || method === undefined) {
      throw new UsageError("call takes a URL and SERVICE/METHOD");
    }
    return 0;
  },
};
