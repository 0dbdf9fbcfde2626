// SPDX-License-Identifier: Apache-2.0
import { type DescFile, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError } from "@connectrpc/connect";
import type { FileIndex } from "./file-index.js";

/** What a client asks, in either version of the protocol. */
export type Question =
  | { case: "fileByFilename"; value: string }
  | { case: "fileContainingSymbol"; value: string }
  | { case: "fileContainingExtension"; value: { containingType: string; extensionNumber: number } }
  | { case: "allExtensionNumbersOfType"; value: string }
  | { case: "listServices"; value: string }
  | { case: undefined; value?: undefined };

/** What it is told. */
export type Answer =
  | { case: "fileDescriptorResponse"; value: { fileDescriptorProto: Uint8Array[] } }
  | {
      case: "allExtensionNumbersResponse";
      value: { baseTypeName: string; extensionNumber: number[] };
    }
  | { case: "listServicesResponse"; value: { service: { name: string }[] } }
  | { case: "errorResponse"; value: { errorCode: number; errorMessage: string } };

/** One client's stream of questions. It is sent each file once, unless it asks for it again. */
export class Conversation {
  readonly #index: FileIndex;
  readonly #services: readonly string[];
  readonly #sent = new Set<DescFile>();

  constructor(index: FileIndex, services: readonly string[]) {
    this.#index = index;
    this.#services = services;
  }

  answer(question: Question): Answer {
    switch (question.case) {
      case "fileByFilename":
        return this.#files(this.#index.findFile(question.value), question.value);
      case "fileContainingSymbol":
        return this.#files(this.#index.findSymbol(question.value), question.value);
      case "fileContainingExtension": {
        const { containingType, extensionNumber } = question.value;
        const file = this.#index.findExtension(containingType, extensionNumber);
        return this.#files(file, `extension ${extensionNumber} of ${containingType}`);
      }
      case "allExtensionNumbersOfType":
        return this.#extensionNumbers(question.value);
      case "listServices": {
        const service = this.#services.map((name) => ({ name }));
        return { case: "listServicesResponse", value: { service } };
      }
      case undefined:
        throw new ConnectError("the request sets no message_request", Code.InvalidArgument);
    }
  }

  #extensionNumbers(baseTypeName: string): Answer {
    const extensionNumber = this.#index.extensionNumbers(baseTypeName);
    return extensionNumber
      ? { case: "allExtensionNumbersResponse", value: { baseTypeName, extensionNumber } }
      : notFound(baseTypeName);
  }

  /** The file, and what it imports of what was not sent before. */
  #files(file: DescFile | undefined, name: string): Answer {
    if (!file) return notFound(name);
    this.#sent.delete(file);
    const files: DescFile[] = [];
    this.#collect(file, files);
    const fileDescriptorProto = files.map(({ proto }) =>
      toBinary(FileDescriptorProtoSchema, proto),
    );
    return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
  }

  #collect(file: DescFile, files: DescFile[]): void {
    if (this.#sent.has(file)) return;
    this.#sent.add(file);
    files.push(file);
    for (const dependency of file.dependencies) this.#collect(dependency, files);
  }
}

function notFound(name: string): Answer {
  const errorMessage = `not found: ${name}`;
  return { case: "errorResponse", value: { errorCode: Code.NotFound, errorMessage } };
}
