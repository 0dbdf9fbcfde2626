// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What to change by hand in files that a project has. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../exit.js";
import { has } from "../project-files.js";
import { dependencies, devDependencies, scripts } from "./packages.js";
import { configuration } from "./template.js";

/** What an existing `package.json` says. */
interface Package {
  readonly type?: string;
  readonly scripts?: Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Paragraphs of advice for `project`. `withService`: whether it gets the first service. */
export function adviceFor(project: string, withService: boolean): string[] {
  return [
    ...(has(project, "package.json") ? packageAdvice(project, withService) : []),
    ...(has(project, "buf.yaml") && withService ? moduleAdvice(project) : []),
    ...(has(project, "buf.gen.yaml") ? pluginAdvice(project) : []),
    ...(has(project, "tsconfig.json") ? [compilerAdvice] : []),
  ];
}

function packageAdvice(project: string, withService: boolean): string[] {
  const own = readPackage(project);
  const installed = { ...own.dependencies, ...own.devDependencies };
  const commands = [
    ...(own.type === "module" ? [] : ["npm pkg set type=module"]),
    ...scriptsOf(own, withService),
    ...install("npm install", dependencies, installed),
    ...install("npm install --save-dev", devDependencies, installed),
  ];
  return commands.length === 0 ? [] : [`package.json: run\n${lines(commands)}`];
}

function readPackage(project: string): Package {
  try {
    return JSON.parse(readFileSync(join(project, "package.json"), "utf8"));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CliError(`cannot read package.json: ${reason}`, undefined, { cause });
  }
}

/** Scripts that are missing. `npm init` writes a test that fails, which is none. */
function scriptsOf({ scripts: own = {} }: Package, withService: boolean): string[] {
  const names = withService ? ["generate", "test", "start", "client"] : ["generate"];
  const missing = names.filter((name) =>
    (own[name] ?? "no test specified").includes("no test specified"),
  );
  return missing.map((name) => `npm pkg set scripts.${name}="${scripts[name]}"`);
}

function install(
  command: string,
  packages: Readonly<Record<string, string>>,
  installed: Readonly<Record<string, string>>,
): string[] {
  const missing = Object.entries(packages).filter(([name]) => !Object.hasOwn(installed, name));
  if (missing.length === 0) return [];
  return [`${command} ${missing.map(([name, range]) => `"${name}@${range}"`).join(" ")}`];
}

function moduleAdvice(project: string): string[] {
  const text = readFileSync(join(project, "buf.yaml"), "utf8");
  if (/^\s*-\s*path:\s*["']?proto["']?\s*$/m.test(text)) return [];
  return [
    `buf.yaml: add the folder of the first service\n${lines(["modules:", "  - path: proto"])}`,
  ];
}

function pluginAdvice(project: string): string[] {
  const text = readFileSync(join(project, "buf.gen.yaml"), "utf8");
  const all = configuration().find(({ path }) => path === "buf.gen.yaml")?.text ?? "";
  const [, ...plugins] = all.slice(all.indexOf("plugins:")).split(/^(?= {2}- )/m);
  const missing = plugins.filter((plugin) => {
    const name = /local: (\S+)/.exec(plugin)?.[1] ?? "";
    return !new RegExp(`${name}(?![\\w-])`).test(text);
  });
  if (missing.length === 0) return [];
  const block = ["plugins:", ...missing.flatMap((plugin) => plugin.trimEnd().split("\n"))];
  return [`buf.gen.yaml: add this, with the same out and opt for both plugins\n${lines(block)}`];
}

const compilerAdvice =
  "tsconfig.json: include the folders src and gen; generated imports end in .js, as module nodenext requires\n";

function lines(all: readonly string[]): string {
  return all.map((line) => `  ${line}\n`).join("");
}
