// SPDX-License-Identifier: Apache-2.0
import type { DescFile, DescMethod, DescService } from "@bufbuild/protobuf";
import type { Schema, Target } from "@bufbuild/protoplugin";
import type { Side } from "connect-stream/options";
import { type Comments, readComments } from "./comments.js";
import { rpcErrorsDoc } from "./error-doc.js";
import { errorsOf, type ServiceErrors } from "./errors.js";
import { printErrors } from "./generate-errors.js";
import { type FindMessage, messageFinder } from "./initial-metadata.js";
import { rpcKinds } from "./kinds.js";
import { metadataDoc } from "./metadata-doc.js";
import { type FileNames, nameFile, outputPath } from "./names.js";
import type { StreamPluginOptions } from "./options.js";
import { policiesOf, type RpcPolicy } from "./policy.js";
import { policyDoc } from "./policy-doc.js";
import { createPrinter, type Printer } from "./printer.js";
import { rpcSpecs } from "./rpc-specs.js";
import { readOptions, type SchemaOptions } from "./schema-options.js";
import { clientSignature, handlerSignature, streamType } from "./signatures.js";
import { createSymbols, type Symbols } from "./symbols.js";
import { commentDoc, sideOf, streamDoc } from "./tsdoc.js";
import { createTypeImports, type TypeImports } from "./type-imports.js";

/** What printing one file needs. */
interface Output {
  readonly print: Printer;
  readonly symbols: Symbols;
  readonly names: FileNames;
  readonly comments: Comments;
  readonly policies: ReadonlyMap<DescMethod, RpcPolicy>;
  readonly errors: ReadonlyMap<DescService, ServiceErrors>;
}

/** What all files of one run share, so that nothing is looked up once a file. */
interface Run {
  readonly schema: Schema<StreamPluginOptions>;
  readonly target: Target;
  readonly options: SchemaOptions;
  readonly findMessage: FindMessage;
  readonly types: TypeImports;
}

/** Generates one file for each file of the schema that has a service, for any target. */
export function generate(schema: Schema<StreamPluginOptions>, target: Target): void {
  const run: Run = {
    schema,
    target,
    options: readOptions(schema.allFiles),
    findMessage: messageFinder(schema.allFiles),
    types: createTypeImports(),
  };
  for (const file of schema.files) {
    // Files without content are dropped, unless the option keep_empty_files asks for them.
    if (file.services.length > 0 || schema.options.keepEmptyFiles) generateFile(run, file);
  }
}

function generateFile(run: Run, file: DescFile): void {
  const { schema, target, options, findMessage, types } = run;
  const { sides, streamNames } = schema.options;
  const { services } = file;
  const f = schema.generateFile(outputPath(file, target));
  f.preamble(file);
  const output: Output = {
    print: createPrinter(f, target),
    symbols: createSymbols(f, file, types),
    names: nameFile(file, streamNames),
    comments: readComments(file),
    policies: new Map(services.flatMap((each) => [...policiesOf(each, options, findMessage)])),
    errors: new Map(services.map((each) => [each, errorsOf(each, options)])),
  };
  for (const service of services) {
    printErrors(output, service);
    if (sides.server) {
      printStreams(output, service, "server");
      printMethods(output, service, "server");
      printRegister(output, service);
    }
    if (sides.client) {
      printStreams(output, service, "client");
      printMethods(output, service, "client");
      printCreateClient(output, service);
    }
  }
}

function printStreams(output: Output, service: DescService, side: Side): void {
  const { print, symbols, names } = output;
  for (const method of service.methods) {
    const stream = rpcKinds[method.methodKind].streams?.[side];
    const name = names.streams.get(method)?.[side];
    if (stream !== undefined && name !== undefined) {
      print.interface({
        doc: streamDoc(method, side, stream),
        name,
        base: streamType(method, stream, symbols),
      });
    }
  }
}

/** The handler's or the client's interface. */
function printMethods(output: Output, service: DescService, side: Side): void {
  const { print, symbols, names, comments, policies } = output;
  const { handler, client } = names.service(service);
  const signature = side === "server" ? handlerSignature : clientSignature;
  print.interface({
    doc: commentDoc(
      service,
      comments.get(service),
      `${sideOf(side, service)}: a method for each RPC.`,
    ),
    name: side === "server" ? handler : client,
    members: service.methods.map((method) => ({
      doc: methodDoc(method, side, output),
      signature: signature(
        method,
        symbols,
        names.streams.get(method)?.[side],
        policies.get(method)?.initialMetadata,
      ),
    })),
  });
}

/** What the schema says of an RPC: its comment, initial metadata, policy and errors. */
function methodDoc(method: DescMethod, side: Side, output: Output): string {
  const { comments, policies, errors, names } = output;
  const policy = policies.get(method);
  const { errorsConstant } = names.service(method.parent);
  return commentDoc(
    method,
    comments.get(method),
    metadataDoc(side, policy?.initialMetadata),
    policyDoc(method, side, policy),
    rpcErrorsDoc(method, errors.get(method.parent), errorsConstant),
  );
}

function printRegister({ print, symbols, names, policies }: Output, service: DescService): void {
  const { handler, register } = names.service(service);
  const { type, local } = symbols;
  print.function({
    doc: commentDoc(
      service,
      [],
      "Serves `handler` on `router`, to gRPC, gRPC-Web and Connect clients. RPCs that it leaves out answer `unimplemented`.",
    ),
    name: register,
    params: [
      { name: local("router"), type: type("ConnectRouter") },
      { name: local("handler"), type: [local("Partial"), "<", handler, ">"] },
      { name: local("options"), type: type("StreamServiceOptions"), isOptional: true },
    ],
    returns: type("ConnectRouter"),
    call: {
      callee: symbols.value("registerService"),
      args: [
        symbols.service(service),
        local("router"),
        local("handler"),
        local("options"),
        ...rpcSpecs(service, "server", policies, symbols),
      ],
    },
  });
}

function printCreateClient(
  { print, symbols, names, policies }: Output,
  service: DescService,
): void {
  const { client, createClient } = names.service(service);
  const { type, local } = symbols;
  print.function({
    doc: commentDoc(service, [], "Creates a client on any Connect transport."),
    name: createClient,
    params: [
      { name: local("transport"), type: type("Transport") },
      { name: local("options"), type: type("StreamClientOptions"), isOptional: true },
    ],
    returns: client,
    call: {
      callee: symbols.value(clientFactory(service, policies)),
      types: client,
      args: [
        symbols.service(service),
        local("transport"),
        local("options"),
        ...rpcSpecs(service, "client", policies, symbols),
      ],
    },
  });
}

/** The runtime's function that creates a client, with code only for what the schema declares. */
function clientFactory({ methods }: DescService, policies: Output["policies"]): string {
  const isPlain = methods.every((method) => {
    const policy = policies.get(method);
    return !policy?.initialMetadata && !policy?.heartbeat;
  });
  return isPlain ? "createPlainServiceClient" : "createServiceClient";
}
