// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What generated code calls the parts of a service, for tools that write code on it. */
import type { DescField, DescFile, DescMessage, DescMethod, DescService } from "@bufbuild/protobuf";
import { messageFinder } from "./initial-metadata.js";
import { memberName, nameFile, type ServiceNames } from "./names.js";
import { policiesOf } from "./policy.js";
import { readOptions } from "./schema-options.js";
import { nameTypes } from "./type-imports.js";

/** A name, and the generated file that exports it: `monitor/v1/monitor_pb`, without an ending. */
export interface GeneratedName {
  readonly name: string;
  readonly file: string;
}

/** An RPC in generated code. */
export interface DescribedMethod {
  readonly method: DescMethod;
  /** Its name in handlers and clients. */
  readonly member: string;
  /** The message that opens its stream, if it declares one, and its descriptor. */
  readonly metadata: { readonly message: DescMessage; readonly schema: GeneratedName } | undefined;
  /** The field that heartbeats set, if it declares them. */
  readonly heartbeat: DescField | undefined;
}

/** A service in generated code. */
export interface DescribedService {
  /** What `file` exports. */
  readonly names: ServiceNames;
  readonly file: string;
  /** The service's descriptor. */
  readonly descriptor: GeneratedName;
  readonly methods: readonly DescribedMethod[];
}

/** Describes a service. `allFiles`: its file, and all that it imports. Throws for an invalid schema. */
export function describeService(
  service: DescService,
  allFiles: readonly DescFile[],
): DescribedService {
  const { file } = service;
  const policies = policiesOf(service, readOptions(allFiles), messageFinder(allFiles));
  return {
    names: nameFile(file, "short").service(service),
    file: `${file.name}_stream`,
    descriptor: descriptorOf(service),
    methods: service.methods.map((method) => {
      const policy = policies.get(method);
      const message = policy?.initialMetadata;
      return {
        method,
        member: memberName(method),
        metadata: message && { message, schema: descriptorOf(message) },
        heartbeat: policy?.heartbeat?.field,
      };
    }),
  };
}

/** As protoc-gen-es names it. */
function descriptorOf(desc: DescService | DescMessage): GeneratedName {
  const name = nameTypes(desc.file).schemas.get(desc);
  if (name === undefined) throw new TypeError(`${desc} is not in its file`);
  return { name, file: `${desc.file.name}_pb` };
}
