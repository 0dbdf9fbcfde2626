// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Our options in a schema: `connectstream/v1/options.proto`. */
import {
  type DescExtension,
  type DescFile,
  type DescMethod,
  type DescService,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";
import { isReflectMessage, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import {
  type MethodPolicy,
  MethodPolicySchema,
  method as methodOption,
  type ServicePolicy,
  ServicePolicySchema,
  service as serviceOption,
} from "connect-stream/gen/connectstream/v1/options_pb.js";
import { OptionPlace } from "./option-place.js";
import { SchemaError } from "./schema-error.js";

/** What a schema says in our options. Throws a `SchemaError` for what is no such option. */
export interface SchemaOptions {
  /** The option `(connectstream.v1.service)`, if the service has it. */
  service(service: DescService): ServicePolicy | undefined;
  /** The option `(connectstream.v1.method)`, if the RPC has it. */
  method(method: DescMethod): MethodPolicy | undefined;
}

/** Reads our options. `files`: all of the request, which has the options' own file if one uses it. */
export function readOptions(files: readonly DescFile[]): SchemaOptions {
  // Others may use the same number for an option of their own: the name counts. One schema cannot
  // have both.
  const isOurs = (option: DescExtension) => files.some((file) => defines(file, option));
  const hasServices = isOurs(serviceOption);
  const hasMethods = isOurs(methodOption);
  return {
    service(service) {
      if (!hasServices || !hasOption(service, serviceOption)) return undefined;
      const policy = parsed(service, serviceOption, () => getOption(service, serviceOption));
      checkKnown(optionOf(service, serviceOption), reflect(ServicePolicySchema, policy));
      return policy;
    },
    method(method) {
      if (!hasMethods || !hasOption(method, methodOption)) return undefined;
      const policy = parsed(method, methodOption, () => getOption(method, methodOption));
      checkKnown(optionOf(method, methodOption), reflect(MethodPolicySchema, policy));
      return policy;
    },
  };
}

/** Where an option is, for an error. */
export function optionOf(desc: DescService | DescMethod, option: DescExtension): OptionPlace {
  return new OptionPlace(desc, option);
}

function defines({ extensions }: DescFile, { typeName, number, extendee }: DescExtension): boolean {
  return extensions.some(
    (other) =>
      other.typeName === typeName &&
      other.number === number &&
      other.extendee.typeName === extendee.typeName,
  );
}

/** Compilers let no broken option through, but a request can be made by hand. */
function parsed<T>(desc: DescService | DescMethod, option: DescExtension, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const where = optionOf(desc, option);
    throw new SchemaError(`${where} is malformed: ${reason}`, where);
  }
}

/** A newer `options.proto` may have more than this version can follow, and half a policy is none. */
function checkKnown(where: OptionPlace, message: ReflectMessage): void {
  const [unknown] = message.getUnknown() ?? [];
  if (unknown) {
    throw new SchemaError(
      `${where} has field ${unknown.no} of ${message.desc.typeName}, ` +
        "which this version of protoc-gen-connect-stream does not know: use a newer one",
      where,
    );
  }
  for (const field of message.fields) {
    if (!message.isSet(field)) continue;
    const path = where.field(field.name);
    const items = field.fieldKind === "list" ? message.get(field) : [message.get(field)];
    for (const item of items) if (isReflectMessage(item)) checkKnown(path, item);
  }
}
