// SPDX-License-Identifier: Apache-2.0
// Builds and describes the image of a Dockerfile without Docker: each stage is a folder that stands for the
// root of its file system. Knows the instructions of docs/containers.md, and throws for others.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** What a container of the image starts. */
export interface Image {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: readonly string[];
}

interface Stage {
  readonly root: string;
  folder: string;
  readonly env: Record<string, string>;
  command: string[];
}

/** Where the context of a build is, what of it stays outside, and where stages go. */
export interface BuildOptions {
  readonly context: string;
  readonly ignored: readonly string[];
  readonly folder: string;
  /** Called for each stage, before anything is in it. */
  prepare(root: string): void;
}

/** Builds the last stage. */
export function buildImage({ context, ignored, folder, prepare }: BuildOptions): Image {
  const stages = new Map<string, Stage>();
  let stage: Stage | undefined;
  const lines = readFileSync(join(context, "Dockerfile"), "utf8").split("\n");
  for (const line of lines.filter((text) => text !== "")) {
    const [, instruction = "", rest = ""] = /^(\w+) (.*)$/.exec(line) ?? [];
    if (instruction === "FROM") {
      const name = / AS (\w+)$/.exec(rest)?.[1] ?? "last";
      const root = join(folder, name);
      mkdirSync(root, { recursive: true });
      prepare(root);
      stage = { root, folder: root, env: {}, command: [] };
      stages.set(name, stage);
      continue;
    }
    if (!stage) throw new Error(`no FROM before: ${line}`);
    console.log(line);
    switch (instruction) {
      case "WORKDIR":
        stage.folder = join(stage.root, rest);
        mkdirSync(stage.folder, { recursive: true });
        break;
      case "COPY":
        copy(rest, stage, stages, { context, ignored });
        break;
      case "RUN":
        run(rest, stage);
        break;
      case "ENV": {
        const [name = "", value = ""] = rest.split("=");
        stage.env[name] = value;
        break;
      }
      case "CMD":
        stage.command = JSON.parse(rest);
        break;
      // What needs a container: another user, and ports of its own.
      case "USER":
      case "EXPOSE":
        break;
      default:
        throw new Error(`unknown instruction: ${line}`);
    }
  }
  if (!stage) throw new Error("the Dockerfile is empty");
  return stage;
}

function copy(
  rest: string,
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  { context, ignored }: Pick<BuildOptions, "context" | "ignored">,
): void {
  const [, from, paths = ""] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? [];
  const names = paths.split(" ");
  const target = names.pop() ?? ".";
  for (const name of names) {
    const source = from === undefined ? resolve(context, name) : rootOf(stages, from, name);
    // Of a folder, what is in it is copied; a file keeps its name in "./".
    const to = target === "./" ? join(stage.folder, basename(name)) : resolve(stage.folder, target);
    cpSync(source, to, {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => from !== undefined || !ignored.some((one) => path === join(context, one)),
    });
  }
}

function rootOf(stages: ReadonlyMap<string, Stage>, name: string, path: string): string {
  const stage = stages.get(name);
  if (!stage) throw new Error(`no stage ${name}`);
  return join(stage.root, path);
}

function run(command: string, { folder, env }: Stage): void {
  const { status } = spawnSync("bash", ["-euc", command], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "inherit", "inherit"],
  });
  if (status !== 0) throw new Error(`RUN ${command}: exited with ${status}`);
}
