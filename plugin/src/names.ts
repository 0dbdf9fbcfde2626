// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Every identifier, file suffix and import path that is emitted. */
import type { DescEnumValue, DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Target } from "@bufbuild/protoplugin";
import { SchemaError } from "./schema-error.js";

/** The one module of the runtime that generated code imports. */
export const runtimeModule = "connect-stream/codegenv1";

const fileSuffixes: Readonly<Record<Target, string>> = {
  ts: "_stream.ts",
  js: "_stream.js",
  dts: "_stream.d.ts",
};

/** The path of the generated file. */
export function outputPath(file: DescFile, target: Target): string {
  return file.name + fileSuffixes[target];
}

/** The path by which the generated file would import itself, in protoplugin's convention. */
export function ownImportPath(file: DescFile): string {
  return `./${file.name}${fileSuffixes.js}`;
}

/** Names of the streams of one RPC. */
export interface StreamNames {
  readonly server: string;
  readonly client: string;
}

/** Names of what is generated for one service. */
export interface ServiceNames {
  readonly handler: string;
  readonly client: string;
  readonly register: string;
  readonly createClient: string;
  /** The interface of its declared errors. */
  readonly errors: string;
  /** The constant that has them. */
  readonly errorsConstant: string;
}

/** Names in one generated file. */
export interface FileNames {
  service(service: DescService): ServiceNames;
  /** Streaming RPCs only. */
  readonly streams: ReadonlyMap<DescMethod, StreamNames>;
}

/** Decides the names for a file. Throws if two RPCs cannot be told apart. */
export function nameFile(file: DescFile, style: "short" | "qualified"): FileNames {
  file.services.forEach(checkMembers);
  const streams = new Map<DescMethod, StreamNames>();
  for (const [method, base] of nameStreams(file, style)) {
    streams.set(method, { server: `${base}ServerStream`, client: `${base}ClientStream` });
  }
  return { service: nameService, streams };
}

/**
 * Method names that protobuf-es leaves as they are, but that an object cannot have as an ordinary
 * method: `await` takes an object with `then` for a promise, `__proto__` in an object literal sets
 * the prototype, and whatever `Object.prototype` has is there in handlers that leave it out.
 */
const unusableMembers: ReadonlySet<string> = new Set([
  "then",
  "hasOwnProperty",
  "isPrototypeOf",
  "propertyIsEnumerable",
  "toLocaleString",
  "__proto__",
  "__defineGetter__",
  "__defineSetter__",
  "__lookupGetter__",
  "__lookupSetter__",
]);

/** The name of an RPC's method, in handlers and clients. */
export function memberName(method: DescMethod): string {
  const { localName } = method;
  return unusableMembers.has(localName) ? `${localName}$` : localName;
}

/** A status code, of the options' enum, as a member of Connect's `Code`: `NotFound`. */
export function codeMember({ localName }: DescEnumValue): string {
  return localName
    .split("_")
    .map((word) => upperFirst(word.toLowerCase()))
    .join("");
}

/** Beside those above: what protobuf-es by itself gives other names to. */
const renamedByProtobufEs: ReadonlySet<string> = new Set([
  "constructor",
  "toString",
  "toJSON",
  "valueOf",
]);

/** The name of a declared error, by its reason: `hostBusy` for `HOST_BUSY`. */
export function errorMember(reason: string): string {
  const words = reason.toLowerCase().split("_");
  const name = lowerFirst(words.map(upperFirst).join(""));
  return unusableMembers.has(name) || renamedByProtobufEs.has(name) ? `${name}$` : name;
}

function nameService(service: DescService): ServiceNames {
  const base = serviceBase(service);
  return {
    handler: `${base}Handler`,
    client: `${base}Client`,
    register: `register${base}`,
    createClient: `create${base}Client`,
    errors: `${base}Errors`,
    errorsConstant: nameErrors(service, base),
  };
}

/** Where a service `RegisterFoo` stands beside `FooErrors`, there is a function of that name. */
function nameErrors({ file }: DescService, base: string): string {
  // `Foo` and `foo` keep their case.
  const isShared = file.services.filter((s) => upperFirst(s.name) === upperFirst(base)).length > 1;
  const name = `${isShared ? base : lowerFirst(base)}Errors`;
  const functions = file.services.map((other) => `register${serviceBase(other)}`);
  return functions.includes(name) ? `${name}$` : name;
}

/** Services `Foo` and `foo` of one file keep their case, so that they stay apart. */
function serviceBase(service: DescService): string {
  const base = upperFirst(service.name);
  const isShared = service.file.services.some((s) => s !== service && upperFirst(s.name) === base);
  return isShared ? service.name : base;
}

/** Names the streaming RPCs of a file, and qualifies those that would share a name. */
function nameStreams(file: DescFile, style: "short" | "qualified"): Map<DescMethod, string> {
  const methods = file.services.flatMap((s) => s.methods.filter((m) => m.methodKind !== "unary"));
  const names = new Map(
    methods.map((m) => [m, style === "qualified" ? qualified(m) : upperFirst(m.name)]),
  );
  // A qualified name can be the short name of another RPC, which then needs to be qualified too.
  for (let shared = findShared(names); shared.length > 0; shared = findShared(names)) {
    const [a, b] = shared;
    if (a !== undefined && b !== undefined && shared.every((m) => names.get(m) === qualified(m))) {
      throw sameName(a, b, `${names.get(a)}ServerStream`);
    }
    for (const method of shared) {
      names.set(method, qualified(method));
    }
  }
  return names;
}

/** The RPCs of the first name that more than one has, or none. */
function findShared(names: ReadonlyMap<DescMethod, string>): DescMethod[] {
  const byName = new Map<string, DescMethod[]>();
  for (const [method, name] of names) {
    byName.set(name, [...(byName.get(name) ?? []), method]);
  }
  return [...byName.values()].find((methods) => methods.length > 1) ?? [];
}

function qualified(method: DescMethod): string {
  return serviceBase(method.parent) + upperFirst(method.name);
}

function checkMembers(service: DescService): void {
  const members = new Map<string, DescMethod>();
  for (const method of service.methods) {
    const member = memberName(method);
    const other = members.get(member);
    if (other !== undefined) {
      throw sameName(other, method, member);
    }
    members.set(member, method);
  }
}

function sameName(a: DescMethod, b: DescMethod, name: string): SchemaError {
  const rpcs =
    a.parent === b.parent
      ? `RPCs ${a.name} and ${b.name} of service ${a.parent.typeName}`
      : `RPCs ${a.name} of service ${a.parent.typeName} and ${b.name} of service ${b.parent.typeName}`;
  return new SchemaError(
    `${a.parent.file.proto.name}: ${rpcs} are both named ${name} in generated code, rename one`,
  );
}

function upperFirst(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
