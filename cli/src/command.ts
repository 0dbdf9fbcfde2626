// SPDX-License-Identifier: Apache-2.0
import type { Io } from "./io.js";
import type { Options } from "./options.js";

/** A subcommand: `connect-stream NAME …`. */
export interface Command {
  /** One line, for the list of commands. */
  readonly summary: string;

  /** What follows the name, such as `URL SERVICE/METHOD`. Empty: only options. */
  readonly usage: string;

  /** What `--help` shows between the usage and the options. */
  readonly help: string;

  /** Its options: parsing, `--help` and completion come from them. */
  readonly options: Options;

  /**
   * Does it. Resolves to the exit code. Rejects with a `CliError` for what the user can mend.
   * `args`: what follows the name; see `parseOptions`.
   */
  run(args: readonly string[], io: Io): Promise<number>;

  /**
   * What can stand at a place of the command line, for completion in a shell: whole words. `args`
   * are the words before, without options. Default: names of files.
   */
  complete?(
    args: readonly string[],
    io: Io,
    options: readonly string[],
  ): Promise<readonly string[]>;
}
