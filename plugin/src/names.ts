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
  const baseOf = serviceBases(file);
  const qualified = ({ name, parent }: DescMethod) => baseOf(parent).name + upperFirst(name);
  const streams = new Map<DescMethod, StreamNames>();
  for (const [method, name] of nameStreams(file, style, qualified)) {
    streams.set(method, { server: `${name}ServerStream`, client: `${name}ClientStream` });
  }
  return { service: serviceNamer(file, baseOf), streams };
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

/** What the names of a service begin with. */
interface Base {
  readonly name: string;
  /** Whether another service of the file has the same name, but for the case of its first letter. */
  readonly isShared: boolean;
}

/** Services `Foo` and `foo` of one file keep their case, so that they stay apart. */
function serviceBases({ services }: DescFile): (service: DescService) => Base {
  const counts = new Map<string, number>();
  for (const { name } of services) {
    counts.set(upperFirst(name), (counts.get(upperFirst(name)) ?? 0) + 1);
  }
  return ({ name }) => {
    const isShared = counts.get(upperFirst(name)) !== 1;
    return { name: isShared ? name : upperFirst(name), isShared };
  };
}

function serviceNamer(
  { services }: DescFile,
  baseOf: (service: DescService) => Base,
): (service: DescService) => ServiceNames {
  const register = (service: DescService) => `register${baseOf(service).name}`;
  const functions = new Set(services.map(register));
  return (service) => {
    const { name, isShared } = baseOf(service);
    const constant = `${isShared ? name : lowerFirst(name)}Errors`;
    return {
      handler: `${name}Handler`,
      client: `${name}Client`,
      register: register(service),
      createClient: `create${name}Client`,
      errors: `${name}Errors`,
      // Where a service `RegisterFoo` stands beside `FooErrors`, there is a function of that name.
      errorsConstant: functions.has(constant) ? `${constant}$` : constant,
    };
  };
}

/** Names the streaming RPCs of a file, and qualifies those that would share a name. */
function nameStreams(
  { services }: DescFile,
  style: "short" | "qualified",
  qualified: (method: DescMethod) => string,
): ReadonlyMap<DescMethod, string> {
  const names = new Map<DescMethod, string>();
  const byName = new Map<string, Set<DescMethod>>();
  const give = (method: DescMethod, name: string) => {
    byName.get(names.get(method) ?? "")?.delete(method);
    names.set(method, name);
    byName.set(name, (byName.get(name) ?? new Set()).add(method));
  };
  const methods = services.flatMap((service) => service.methods);
  for (const method of methods.filter(({ methodKind }) => methodKind !== "unary")) {
    give(method, style === "qualified" ? qualified(method) : upperFirst(method.name));
  }
  // A qualified name can be the short name of another RPC, which then needs to be qualified too:
  // the list grows while it is walked through.
  const toCheck = [...byName.keys()];
  for (const name of toCheck) {
    const sharing = [...(byName.get(name) ?? [])];
    if (sharing.length < 2) continue;
    for (const method of sharing.filter((method) => qualified(method) !== name)) {
      give(method, qualified(method));
      toCheck.push(qualified(method));
    }
  }
  checkStreams(byName);
  return names;
}

function checkStreams(byName: ReadonlyMap<string, ReadonlySet<DescMethod>>): void {
  for (const [name, [a, b]] of byName) {
    if (a !== undefined && b !== undefined) throw sameName(a, b, `${name}ServerStream`);
  }
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
    b,
  );
}

function upperFirst(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
