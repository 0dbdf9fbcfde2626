// SPDX-License-Identifier: Apache-2.0
import { create, maximumEdition, minimumEdition, protoInt64 } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  type CodeGeneratorResponse,
  CodeGeneratorResponse_Feature,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import type { Plugin } from "@bufbuild/protoplugin";
import { withFixedCollation } from "./collation.js";
import { checkFileNames } from "./file-names.js";
import { generate } from "./generate.js";
import { checkIdentifiers } from "./identifiers.js";
import { checkOptions, parseOptions } from "./options.js";
import { createEcmaScriptPlugin } from "./protoplugin.js";
import { SchemaError } from "./schema-error.js";
import { name, version } from "./version.js";

/**
 * Creates the plugin. Its `run` is a pure function: no files, no network, no clock. A mistake of the
 * user, in options or in the schema, is reported in the response's `error`, as protoc asks for;
 * `run` throws only on a fault of our own.
 */
export function createConnectStreamPlugin(): Plugin {
  return { name, version, run };
}

function run(request: CodeGeneratorRequest): CodeGeneratorResponse {
  try {
    checkOptions(request.parameter);
    checkFileNames(request);
    checkIdentifiers(request);
    return withFixedCollation(() => createGenerator().run(request));
  } catch (error) {
    if (isUsersMistake(error)) {
      return failure(error.message);
    }
    throw error;
  }
}

/** A new one for each run: protoplugin's plugins have state. */
function createGenerator(): Plugin {
  return createEcmaScriptPlugin({
    name,
    version,
    parseOptions,
    generateTs: generate,
    generateJs: generate,
    generateDts: generate,
  });
}

/** Protoplugin reports bad schemas as plain errors; anything more special is a fault in the code. */
function isUsersMistake(error: unknown): error is Error {
  return (
    error instanceof Error &&
    (error instanceof SchemaError ||
      error.constructor === Error ||
      error.name === "PluginOptionError")
  );
}

/** Features are declared here too: protoc looks at them before it looks at the error. */
function failure(error: string): CodeGeneratorResponse {
  return create(CodeGeneratorResponseSchema, {
    error,
    supportedFeatures: protoInt64.parse(
      CodeGeneratorResponse_Feature.PROTO3_OPTIONAL |
        CodeGeneratorResponse_Feature.SUPPORTS_EDITIONS,
    ),
    minimumEdition,
    maximumEdition,
  });
}
