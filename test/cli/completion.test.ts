// SPDX-License-Identifier: Apache-2.0
// Completion in the shells that are here.
import { execFile, execFileSync } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { startLabServer } from "./lab-server.js";
import { program, runCli } from "./run-cli.js";

/** How a script completes `$1` in a shell: it prints the candidates, one a line. */
const shells = {
  bash: `COMP_LINE=$1 COMP_POINT=\${#1}
    read -ra COMP_WORDS <<<"$1"
    [[ $1 != *' ' ]] || COMP_WORDS+=("")
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _connect_stream
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  zsh: `words=("\${(@s: :)1}") CURRENT=\${#words} PREFIX=\${words[-1]}
    _connect_stream`,
  fish: "complete -C $argv[1]",
} as const;

/** What stands in for the shell's own. */
const stubs = {
  bash: 'connect-stream() { "$NODE" "$CLI" "$@"; }',
  zsh: `connect-stream() { "$NODE" "$CLI" "$@"; }
    compdef() { :; }
    compadd() { shift; print -l -- "$@"; }
    _files() { print files; }`,
  fish: "function connect-stream; $NODE $CLI $argv; end",
} as const;

const flags = { bash: ["--norc"], zsh: ["-f"], fish: ["--no-config"] } as const;

function isHere(shell: string): boolean {
  try {
    execFileSync(shell, ["--version"]);
    return true;
  } catch {
    return false;
  }
}

describe.each(["bash", "zsh", "fish"] as const)("%s", (shell) => {
  if (!isHere(shell)) return it.skip(`${shell} is not installed`);
  it("completes commands, options and RPCs", async () => {
    const { out } = await runCli(["completion", shell]);
    const script = `${stubs[shell]}\n${out}\n${shells[shell]}`;
    const env = { ...process.env, NODE: process.execPath, CLI: program };
    const complete = async (line: string) => {
      // fish has no name of the script among its arguments.
      const args = shell === "fish" ? [line] : [shell, line];
      const run = promisify(execFile)(shell, [...flags[shell], "-c", script, ...args], { env });
      return (await run).stdout.trim().split("\n").sort();
    };
    const url = await startLabServer();
    const rpcs = ["lab.v1.LabService/Unary", "lab.v1.LabService/Upload"];
    const [command, option, values, rpc, quoted] = await Promise.all([
      complete("connect-stream l"),
      complete("connect-stream call --pro"),
      complete("connect-stream call --protocol grpc"),
      complete(`connect-stream call ${url} lab.v1.LabService/U`),
      complete(`connect-stream call -H 'a: b c' ${url} lab.v1.LabService/U`),
    ]);
    expect({ command, option, values, rpc, quoted }).toEqual({
      command: ["lint", "list"],
      option: ["--protocol"],
      values: ["grpc", "grpc-web"],
      rpc: rpcs,
      quoted: rpcs,
    });
  });
});

it("completes nothing where the server does not answer", async () => {
  expect(await runCli(["__complete", "connect-stream call http://127.0.0.1:9 a"])).toEqual({
    code: 0,
    out: "",
    err: "",
  });
});
