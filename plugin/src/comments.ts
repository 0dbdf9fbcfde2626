// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Comments of the schema. Protoplugin (2.17, `getComments`) searches the whole
 * file for those of each element, which is quadratic in the size of the file.
 */
import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import {
  FileDescriptorProtoSchema,
  ServiceDescriptorProtoSchema,
  type SourceCodeInfo_Location,
} from "@bufbuild/protobuf/wkt";

/** The comments of a service or RPC: those before it, then those behind it. */
export type Comments = ReadonlyMap<DescService | DescMethod, readonly string[]>;

/** The comments of all services and RPCs of a file that have any. */
export function readComments(file: DescFile): Comments {
  const elements = elementsByPath(file);
  const comments = new Map<DescService | DescMethod, readonly string[]>();
  for (const location of file.proto.sourceCodeInfo?.location ?? []) {
    const element = elements.get(location.path.join());
    if (element && !comments.has(element)) comments.set(element, textsOf(location));
  }
  return comments;
}

/** https://github.com/protocolbuffers/protobuf/blob/v33.0/src/google/protobuf/descriptor.proto has what a path is. */
function elementsByPath(file: DescFile): Map<string, DescService | DescMethod> {
  const elements = new Map<string, DescService | DescMethod>();
  for (const [i, service] of file.services.entries()) {
    const path = [FileDescriptorProtoSchema.field.service.number, i];
    elements.set(path.join(), service);
    for (const [k, method] of service.methods.entries()) {
      elements.set([...path, ServiceDescriptorProtoSchema.field.method.number, k].join(), method);
    }
  }
  return elements;
}

function textsOf({ leadingComments, trailingComments }: SourceCodeInfo_Location): string[] {
  return [leadingComments, trailingComments].map((text) =>
    text.replaceAll(/\r\n|[\r\u2028\u2029]/g, "\n"),
  );
}
