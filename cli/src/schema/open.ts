// SPDX-License-Identifier: Apache-2.0
import type { Connection } from "../connection.js";
import type { Io } from "../io.js";
import type { Options } from "../options.js";
import { loadSchema } from "./files.js";
import { ReflectedSchema } from "./reflection.js";
import type { Schema } from "./schema.js";

/** The option of every command that needs a schema. */
export const schemaOption = {
  schema: {
    type: "string",
    value: "PATH",
    help: "a folder or .proto file (built with buf), an image or a descriptor set; default: reflection",
  },
} as const satisfies Options;

/** The schema that `path` has, or that the server tells. */
export async function openSchema(
  path: string | undefined,
  connection: Connection,
  io: Pick<Io, "cwd" | "env">,
  signal: AbortSignal,
): Promise<Schema> {
  return path === undefined ? new ReflectedSchema(connection, signal) : loadSchema(path, io);
}
