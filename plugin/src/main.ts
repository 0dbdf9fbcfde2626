// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The generator as a program that protoc and buf start. */
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type CodeGeneratorRequest,
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
} from "@bufbuild/protobuf/wkt";
import { name, version } from "./version.js";

const usage = `${name} is a plugin for buf and protoc. They start it with a CodeGeneratorRequest on standard input.
  buf generate       with "local: ${name}" in buf.gen.yaml
  protoc             with --connect-stream_out=DIR and --connect-stream_opt=OPTIONS
  ${name} --version | --help
`;

/**
 * Runs the program. Mistakes in the schema or the options travel in the response; what keeps it from
 * answering at all is one line on standard error, and exit code 1.
 */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  try {
    await (args.length > 0 ? answerArguments(args) : generate());
  } catch (error) {
    process.stderr.write(`${name}: ${describe(error)}\n`);
    process.exitCode = 1;
  }
}

function answerArguments([arg = ""]: readonly string[]): Promise<void> {
  switch (arg) {
    case "--version":
    case "-v":
      return write(`${name} ${version}\n`);
    case "--help":
    case "-h":
      return write(usage);
    default:
      throw new ProgramError(`unknown argument ${JSON.stringify(arg)}, see --help`);
  }
}

async function generate(): Promise<void> {
  if (process.stdin.isTTY) {
    throw new ProgramError("this is a plugin for buf and protoc, not a command, see --help");
  }
  const request = parseRequest(await readInput());
  // Loaded only now: it brings the TypeScript compiler along, by way of protoplugin.
  const { createConnectStreamPlugin } = await import("./plugin.js");
  const response = createConnectStreamPlugin().run(request);
  await write(toBinary(CodeGeneratorResponseSchema, response));
}

async function readInput(): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of process.stdin) {
      chunks.push(chunk);
    }
  } catch (error) {
    throw new ProgramError(`cannot read standard input: ${firstLine(error)}`);
  }
  return Buffer.concat(chunks);
}

function parseRequest(bytes: Uint8Array): CodeGeneratorRequest {
  if (bytes.length === 0) {
    throw new ProgramError("standard input is empty, expected a CodeGeneratorRequest");
  }
  try {
    return fromBinary(CodeGeneratorRequestSchema, bytes);
  } catch (error) {
    throw new ProgramError(`standard input is not a CodeGeneratorRequest: ${firstLine(error)}`);
  }
}

/** Resolves when the bytes are handed over: exit code and output then agree. */
function write(data: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(new ProgramError(`cannot write: ${firstLine(error)}`));
    // Without a listener, a reader that has gone would crash the process.
    process.stdout.on("error", fail);
    process.stdout.write(data, (error) => (error ? fail(error) : resolve()));
  });
}

/** What went wrong around the program: input, output, arguments. */
class ProgramError extends Error {}

/** One line for what the user can mend; all there is for a fault of ours. */
function describe(error: unknown): string {
  if (error instanceof ProgramError) {
    return error.message;
  }
  const details = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return `this is a bug in the generator, please report it with the .proto file\n${details}`;
}

function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split("\n", 1).join("");
}
