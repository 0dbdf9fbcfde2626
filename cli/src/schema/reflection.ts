// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation A schema that the server tells: the client side of gRPC's reflection. */
import { type DescService, type FileRegistry, fromBinary } from "@bufbuild/protobuf";
import { type FileDescriptorProto, FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import type { Connection } from "../connection.js";
import { ReflectionStream } from "./reflection-stream.js";
import { complete, registryOf, wellKnownFiles } from "./registry.js";
import type { Schema } from "./schema.js";

/** The schema of the server at `connection`. Asks for what is needed, when it is needed. */
export class ReflectedSchema implements Schema {
  readonly #stream: ReflectionStream;
  readonly #files = new Map<string, FileDescriptorProto>();
  #registry: FileRegistry | undefined;

  constructor(connection: Connection, signal: AbortSignal) {
    this.#stream = new ReflectionStream(connection, signal);
  }

  get registry(): FileRegistry {
    this.#registry ??= registryOf(this.#files);
    return this.#registry;
  }

  async serviceNames(): Promise<readonly string[]> {
    const answer = await this.#stream.ask({ case: "listServices", value: "*" });
    if (answer.case !== "listServicesResponse") return [];
    return answer.value.service.map(({ name }) => name).sort();
  }

  async findService(name: string): Promise<DescService | undefined> {
    await this.resolve(name);
    return this.registry.getService(name);
  }

  async resolve(symbol: string): Promise<void> {
    if (this.registry.get(symbol)) return;
    await this.#load({ case: "fileContainingSymbol", value: symbol });
    await this.#loadImports();
  }

  close(): void {
    this.#stream.close();
  }

  async #load(question: Parameters<ReflectionStream["ask"]>[0]): Promise<void> {
    const answer = await this.#stream.ask(question);
    if (answer.case !== "fileDescriptorResponse") return;
    this.#registry = undefined;
    for (const bytes of answer.value.fileDescriptorProto) {
      const file = fromBinary(FileDescriptorProtoSchema, bytes);
      this.#files.set(file.name, file);
    }
  }

  /** Servers may send a file with its imports, or alone, or know an import by another name. */
  async #loadImports(): Promise<void> {
    const asked = new Set<string>();
    const next = (names: Iterable<string>) => [...names].find((name) => !asked.has(name));
    for (;;) {
      const file = next(this.#missingFiles());
      const symbol = file === undefined ? next(complete(this.#files).missing) : undefined;
      const value = file ?? symbol;
      if (value === undefined) return;
      asked.add(value);
      await this.#load({
        case: file === undefined ? "fileContainingSymbol" : "fileByFilename",
        value,
      });
    }
  }

  #missingFiles(): string[] {
    return [...this.#files.values()]
      .flatMap(({ dependency }) => dependency)
      .filter((name) => !this.#files.has(name) && !wellKnownFiles.has(name));
  }
}
