// SPDX-License-Identifier: Apache-2.0
import type { DescService } from "@bufbuild/protobuf";
import type { Printable } from "@bufbuild/protoplugin";
import { CodeSchema, type DeclaredError } from "connect-stream/gen/connectstream/v1/options_pb.js";
import { errorDoc } from "./error-doc.js";
import type { ServiceError, ServiceErrors } from "./errors.js";
import { codeMember, type FileNames } from "./names.js";
import { type Printer, separated } from "./printer.js";
import type { Symbols } from "./symbols.js";
import { commentDoc } from "./tsdoc.js";

/** What printing the errors of a file needs. */
interface Output {
  readonly print: Printer;
  readonly symbols: Symbols;
  readonly names: FileNames;
  readonly errors: ReadonlyMap<DescService, ServiceErrors>;
}

/** Prints the errors that a service declares, for both of its sides. */
export function printErrors({ print, symbols, names, errors }: Output, service: DescService): void {
  const declared = errors.get(service);
  const [first] = declared?.all ?? [];
  if (!declared || !first) return;
  const { errors: type, errorsConstant: name } = names.service(service);
  print.interface({
    doc: commentDoc(service, [], `Errors that ${service.name} declares.`),
    name: type,
    members: declared.all.map((error) => ({
      doc: errorDoc(error, service),
      signature: signature(error, symbols),
    })),
  });
  const example = `${name}.${first.member}`;
  const doc = `Handlers throw \`${example}()\`, clients check \`${example}.is(error)\`.`;
  print.constant({
    doc: commentDoc(service, [], doc),
    name,
    type,
    call: {
      callee: symbols.value("createServiceErrors"),
      types: type,
      args: [JSON.stringify(declared.domain), table(declared.all, symbols)],
    },
  });
}

function signature({ member, declared }: ServiceError, symbols: Symbols): Printable {
  const type = symbols.type(declared.temporary ? "TemporaryError" : "DeclaredError");
  return ["readonly ", member, ": ", type, "<", JSON.stringify(declared.reason), ">"];
}

function table(errors: readonly ServiceError[], symbols: Symbols): Printable {
  const lines = errors.map(({ member, declared }) => {
    return ["  ", member, ": { ", separated(entries(declared, symbols)), " },\n"];
  });
  return ["{\n", ...lines, "}"];
}

function entries(declared: DeclaredError, symbols: Symbols): Printable[] {
  const { reason, code, when, temporary, timeout, retryDelayMs } = declared;
  const value = CodeSchema.values.find(({ number }) => number === code);
  if (!value) throw new TypeError(`no code has the number ${code}`);
  return [
    `reason: ${JSON.stringify(reason)}`,
    ["code: ", symbols.value("Code"), ".", codeMember(value)],
    `when: ${JSON.stringify(when.trim())}`,
    ...(temporary ? ["temporary: true"] : []),
    ...(timeout ? ["timeout: true"] : []),
    ...(retryDelayMs === undefined ? [] : [`retryDelayMs: ${retryDelayMs}`]),
  ];
}
