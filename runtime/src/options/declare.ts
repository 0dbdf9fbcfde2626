// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation How options are declared, and what follows from that: checks and merging. */
import type { DescMethod } from "@bufbuild/protobuf";
import { assertKnownKeys, assertRange, invalidOption, type Range } from "./settings.js";

/** The side of a call that an option is for. */
export type Side = "server" | "client";

/** Which side of which kind of RPC. */
export interface Scope {
  readonly side: Side;
  readonly methodKind: DescMethod["methodKind"];
}

/**
 * What an RPC must have for an option to have an effect: a stream either way, one that this side
 * receives, or one that it sends.
 */
export type Need = "stream" | "received stream" | "sent stream";

interface Declaration {
  /** Default: nothing. The option has an effect on RPCs of all kinds. */
  readonly needs?: Need;
  /** The group that has it says nothing without it. */
  readonly required?: true;
}

/** One option. A more particular value replaces a general one. */
export interface Setting extends Declaration {
  /** Throws a `RangeError` that names the option, for an invalid value. */
  readonly check: (option: string, value: unknown) => void;
  /** The numbers that a schema may give. Whatever the schema may say is valid in code. */
  readonly range?: Range;
}

/** A setting that is a number. */
export interface NumberSetting extends Setting {
  readonly range: Range;
}

/** An option, or several in an object of their own. */
export type Declared = Setting | Group;

/** Declarations by the names that options have in code; in a schema, the same in snake case. */
export type Settings<K extends string = string, D = Declared> = Readonly<Record<K, D>>;

/** Options in an object of their own. They merge key by key. */
export interface Group<K extends string = string> extends Declaration {
  readonly settings: Settings<K>;
  /** Its keys are chosen together: a more particular group replaces a general one. */
  readonly atomic?: true;
  /** It may be `false` instead: none, whatever is set in general. */
  readonly orFalse?: true;
}

/** Whether it has options of its own. */
export function isGroup(declared: Declared): declared is Group {
  return "settings" in declared;
}

/** A setting that is a number of a range. */
export function numberFrom(min: number, max: number, isWhole = false): NumberSetting {
  const range = { min, max, isWhole };
  return { range, check: (option, value) => assertRange(option, value, range) };
}

/** A setting that is a whole number of a range. */
export function wholeFrom(min: number, max: number): NumberSetting {
  return numberFrom(min, max, true);
}

/** A setting that is what `isOne` says; `allowed` ends the sentence "x must be …". */
export function valueThat(allowed: string, isOne: (value: unknown) => boolean): Setting {
  return {
    check(option, value) {
      if (!isOne(value)) throw invalidOption(option, allowed, value);
    },
  };
}

/** A setting that is a function. */
export const functionOption: Setting = /* @__PURE__ */ valueThat(
  "a function",
  (value) => typeof value === "function",
);

/** A setting that is `true` or `false`. */
export const booleanOption: Setting = /* @__PURE__ */ valueThat(
  "true or false",
  (value) => typeof value === "boolean",
);

/** A setting that whoever uses it checks, with what it depends on. */
export const checkedElsewhere: Setting = { check() {} };

/** Whether an option has an effect on that side of RPCs of that kind. */
export function hasEffect({ needs }: Declaration, { side, methodKind }: Scope): boolean {
  if (needs === undefined || methodKind === "bidi_streaming") return true;
  if (needs === "stream") return methodKind !== "unary";
  const streamsRequests = (needs === "received stream") === (side === "server");
  return methodKind === (streamsRequests ? "client_streaming" : "server_streaming");
}

/**
 * Throws a `RangeError` for an invalid value of those of `options` that are declared; others may be
 * somebody else's. `prefix`: what their names in the error begin with.
 */
export function checkOptions(settings: Settings, options: object, prefix = ""): void {
  for (const key in settings) {
    const declared = settings[key];
    const value = read(options, key);
    if (!declared || (value === undefined && !declared.required)) continue;
    checkOption(prefix + key, declared, value);
  }
}

/** Throws a `RangeError` that names the option, for an invalid value. */
export function checkOption(option: string, declared: Declared, value: unknown): void {
  if (!isGroup(declared)) return declared.check(option, value);
  const { settings, orFalse } = declared;
  if (orFalse && value === false) return;
  assertKnownKeys(option, value, Object.keys(settings), orFalse && "false");
  checkOptions(settings, value, `${option}.`);
}

/**
 * What holds for RPCs of `scope`: what is set in particular before what is set in general, key by
 * key; `undefined` overrides nothing. A call is more particular than its client, and code than the
 * schema. Throws a `RangeError` for an invalid particular; the general was checked, and left out
 * where it has no effect, when it was set.
 */
export function resolve<T extends object>(
  settings: Settings,
  scope: Scope,
  general: T | undefined,
  particular: T,
): T {
  checkOptions(settings, particular);
  return joined({ settings }, scope, general, particular) as T;
}

function joined(declared: Declared, scope: Scope, general: unknown, particular: unknown): unknown {
  if (!hasEffect(declared, scope)) return undefined;
  if (particular === undefined) return general;
  if (!isGroup(declared) || declared.atomic) return particular;
  const both: Record<string, unknown> = {};
  // Not `Object.entries`: this runs for each call that has options.
  for (const key in declared.settings) {
    const inner = declared.settings[key];
    if (inner) both[key] = joined(inner, scope, read(general, key), read(particular, key));
  }
  return both;
}

function read(values: unknown, key: string): unknown {
  return typeof values === "object" && values !== null
    ? (values as Record<string, unknown>)[key]
    : undefined;
}
