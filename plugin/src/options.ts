// SPDX-License-Identifier: Apache-2.0
import { quote, SchemaError } from "./schema-error.js";

/** Our options, beside those of protoplugin. */
export interface StreamPluginOptions {
  /** Which sides of each service to generate. */
  readonly sides: { readonly server: boolean; readonly client: boolean };
  /** Whether every stream type has its service's name in front, or only those that need it. */
  readonly streamNames: "short" | "qualified";
}

interface OptionSpec {
  /** The allowed values, as shown to the user. */
  readonly allowed: string;
  readonly accepts: (value: string) => boolean;
}

/** Our own options. */
const ownOptions: Readonly<Record<string, OptionSpec>> = {
  sides: listOf(["server", "client"]),
  stream_names: oneOf(["short", "qualified"]),
};

/**
 * Protoplugin's options. It checks them itself, but its messages do not say what is allowed. An
 * option that a later version of it brings needs a line here; a test compares.
 */
const frameworkOptions: Readonly<Record<string, OptionSpec>> = {
  target: listOf(["js", "ts", "dts"]),
  import_extension: oneOf(["none", "js", "ts"], ["", ".js", ".ts"]),
  js_import_style: oneOf(["module", "legacy_commonjs"]),
  rewrite_imports: mapping(0),
  map_imports: mapping(1),
  keep_empty_files: flag(),
  ts_nocheck: flag(),
  elide_plugin_version: flag(),
  bootstrap_wkt: flag(),
};

const optionSpecs: ReadonlyMap<string, OptionSpec> = new Map(
  Object.entries({ ...ownOptions, ...frameworkOptions }),
);

/** Throws if an option in the plugin's parameter is unknown, or has a value that is not allowed. */
export function checkOptions(parameter: string): void {
  for (const option of splitParameter(parameter)) {
    const spec = optionSpecs.get(option.key);
    if (spec === undefined) {
      throw new SchemaError(`unknown option ${quote(option.key)}, allowed: ${allOptions()}`);
    }
    if (!spec.accepts(option.value)) {
      throw new SchemaError(
        `option ${option.key}: invalid value ${quote(option.value)}, allowed: ${spec.allowed}`,
      );
    }
  }
}

/** Reads our own options. Given those that protoplugin does not know, checked by `checkOptions`. */
export function parseOptions(raw: { key: string; value: string }[]): StreamPluginOptions {
  const values = new Map(raw.map(({ key, value }) => [key, value]));
  const sides = values.get("sides")?.split("+") ?? ["server", "client"];
  return {
    sides: { server: sides.includes("server"), client: sides.includes("client") },
    streamNames: values.get("stream_names") === "qualified" ? "qualified" : "short",
  };
}

function splitParameter(parameter: string): { key: string; value: string }[] {
  if (parameter === "") {
    return [];
  }
  return parameter.split(",").map((option) => {
    const equals = option.indexOf("=");
    return equals < 0
      ? { key: option, value: "" }
      : { key: option.slice(0, equals), value: option.slice(equals + 1) };
  });
}

function allOptions(): string {
  return [...optionSpecs].map(([key, { allowed }]) => `${key}=${allowed}`).join(", ");
}

/** `unlisted` values are accepted without being advertised. */
function oneOf(names: readonly string[], unlisted: readonly string[] = []): OptionSpec {
  return {
    allowed: names.join("|"),
    accepts: (value) => names.includes(value) || unlisted.includes(value),
  };
}

function listOf(names: readonly string[]): OptionSpec {
  return {
    allowed: `${names.join("|")} (several joined with +)`,
    accepts: (value) => value.split("+").every((part) => names.includes(part)),
  };
}

function flag(): OptionSpec {
  return oneOf(["true", "false"], ["1", "0"]);
}

/** `pattern:target`; `least` is the shortest pattern and target that protoplugin takes. */
function mapping(least: number): OptionSpec {
  return {
    allowed: "<pattern>:<target>",
    accepts(value) {
      const colon = value.indexOf(":");
      return colon >= least && value.length - colon - 1 >= least;
    },
  };
}
