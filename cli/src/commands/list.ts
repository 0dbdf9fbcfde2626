// SPDX-License-Identifier: Apache-2.0
import type { DescMethod } from "@bufbuild/protobuf";
import { callOptions } from "../call/options.js";
import type { Command } from "../command.js";
import { connect, connectionOptions } from "../connection.js";
import { exit, UsageError } from "../exit.js";
import type { Io } from "../io.js";
import { type Options, parseOptions, type Values } from "../options.js";
import { openSchema, schemaOption } from "../schema/open.js";

const options = { ...schemaOption, ...connectionOptions } as const satisfies Options;

/** `connect-stream list`: the RPCs of a server. */
export const list: Command = {
  summary: "list the RPCs of a server, or of a schema",
  usage: "[URL]",
  help: "Each line has the name of an RPC, its kind, and its messages. Without a URL, --schema is required.",
  options,
  async run(args, io) {
    const { values, positionals } = parseOptions(options, args);
    if (positionals.length > 1) throw new UsageError("list takes one URL");
    const methods = await listMethods(positionals[0], values, io, io.signal);
    const rows = methods.map((method) => [nameOf(method), ...describe(method)] as const);
    const [name, kind] = [0, 1].map((i) => Math.max(0, ...rows.map((row) => row[i]?.length ?? 0)));
    for (const row of rows) {
      await io.write(`${row[0].padEnd(name ?? 0)}  ${row[1].padEnd(kind ?? 0)}  ${row[2]}\n`);
    }
    return exit.ok;
  },
  complete: async () => [],
};

/** A shell that waits for its server takes no keys. */
const COMPLETE_TIMEOUT_MS = 3000;

/** Candidates for `SERVICE/METHOD`, after the URL. */
export async function completeRpc(
  positionals: readonly string[],
  io: Io,
  args: readonly string[],
): Promise<readonly string[]> {
  if (positionals.length !== 1) return [];
  const { values } = parseOptions(callOptions, args);
  const timeout = AbortSignal.timeout(COMPLETE_TIMEOUT_MS);
  return (await listMethods(positionals[0], values, io, timeout)).map(nameOf);
}

/** Without a server to ask, a schema may be listed. */
const NO_SERVER = "http://localhost";

async function listMethods(
  url: string | undefined,
  values: Values<typeof options>,
  io: Io,
  signal: AbortSignal,
): Promise<readonly DescMethod[]> {
  if (url === undefined && values.schema === undefined) {
    throw new UsageError("list takes a URL, or --schema");
  }
  const connection = connect(url ?? NO_SERVER, values, io.cwd);
  try {
    const schema = await openSchema(values.schema, connection, io, signal);
    try {
      const methods: DescMethod[] = [];
      for (const name of await schema.serviceNames()) {
        methods.push(...((await schema.findService(name))?.methods ?? []));
      }
      return methods;
    } finally {
      schema.close();
    }
  } finally {
    await connection.close();
  }
}

function nameOf({ parent, name }: DescMethod): string {
  return `${parent.typeName}/${name}`;
}

const kinds = {
  unary: "unary",
  server_streaming: "server streaming",
  client_streaming: "client streaming",
  bidi_streaming: "bidirectional",
} as const;

function describe({ input, output, methodKind }: DescMethod): [kind: string, messages: string] {
  return [kinds[methodKind], `${input.typeName} → ${output.typeName}`];
}
