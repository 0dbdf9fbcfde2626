// SPDX-License-Identifier: Apache-2.0
import type { Command } from "../command.js";
import { exit, UsageError } from "../exit.js";
import { orList, parseOptions } from "../options.js";

/** What shells run to complete a line; `complete.ts` answers. */
const scripts: Readonly<Record<string, string>> = {
  // COMP_WORDS breaks words at colons and "="; what is before those is on the line already.
  bash: `_connect_stream() {
  local line="\${COMP_LINE:0:COMP_POINT}" word="\${COMP_WORDS[COMP_CWORD]}" found
  local full="\${line##* }"
  local before="\${full%"$word"}"
  COMPREPLY=()
  while IFS= read -r found; do
    COMPREPLY+=("\${found#"$before"}")
  done < <(connect-stream __complete "$line" 2>/dev/null)
}
complete -o default -F _connect_stream connect-stream
`,
  zsh: `#compdef connect-stream
_connect_stream() {
  local found line="\${(j: :)\${(@)words[1,CURRENT-1]}} $PREFIX"
  found="$(connect-stream __complete "$line" 2>/dev/null)"
  if [[ -n "$found" ]]; then compadd -- "\${(@f)found}"; else _files; fi
}
compdef _connect_stream connect-stream
`,
  // Without -f, fish adds the names of files to all that it is given.
  fish: `function _connect_stream
  set -l found (connect-stream __complete (commandline -cp) 2>/dev/null)
  if test -n "$found"
    printf '%s\\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c connect-stream -f -a '(_connect_stream)'
`,
};

/** `connect-stream completion`: a script for a shell. */
export const completion: Command = {
  summary: "print a script that completes commands, options and RPCs in a shell",
  usage: Object.keys(scripts).join("|"),
  help: 'In ~/.bashrc: eval "$(connect-stream completion bash)"',
  options: {},
  async run(args, io) {
    const { positionals } = parseOptions({}, args);
    const shell = positionals[0] ?? "";
    const script = Object.hasOwn(scripts, shell) ? scripts[shell] : undefined;
    if (script === undefined || positionals.length > 1) {
      throw new UsageError(`completion takes one of ${orList(Object.keys(scripts))}`);
    }
    await io.write(script);
    return exit.ok;
  },
  complete: async ({ length }) => (length === 0 ? Object.keys(scripts) : []),
};
