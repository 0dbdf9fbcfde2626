// SPDX-License-Identifier: Apache-2.0
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Row } from "./cells.js";
import type { ClientTask, ScenarioResult } from "./client-program.js";
import { type Command, runToEnd, startServer } from "./processes.js";
import type { Programs } from "./programs.js";

const repository = (path: string) => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const events = repository("examples/analytics/events.ndjson");
const tls = {
  TLS_KEY: repository("test/support/tls/key.pem"),
  TLS_CERT: repository("test/support/tls/cert.pem"),
};

/** All scenarios of a client take no longer, in milliseconds. */
const MAX_CLIENT_MS = 120_000;

/** Runs the scenarios of a row. Those that have no result have failed. */
export async function runRow(
  row: Row,
  programs: Programs,
  bundles: string,
): Promise<ScenarioResult[]> {
  const failed = (failure: string) => row.columns.map((column) => ({ column, failure }));
  try {
    await using server = await startServer(serverCommand(row, programs, bundles), portOf(row));
    const baseUrl = `${row.tls ? "https" : "http"}://localhost:${server.port}`;
    const { protocol, httpVersion, columns } = row;
    const task: ClientTask = { baseUrl, protocol, httpVersion, columns, events };
    const program = programs[row.isClient ? row.runtime : "Node.js"];
    const command = [...program, join(bundles, "client-program.mjs")];
    const output = await runToEnd(
      { command, env: { CLIENT: JSON.stringify(task) } },
      MAX_CLIENT_MS,
    );
    const results = resultsIn(output);
    const missing = failed(`the client ended: ${output.slice(-1000)}`);
    return missing.map((none) => results.find(({ column }) => column === none.column) ?? none);
  } catch (error) {
    return failed(String(error));
  }
}

function serverCommand(row: Row, programs: Programs, bundles: string): Command {
  const program = programs[row.isClient ? "Node.js" : row.runtime];
  const env = { PORT: "0", ...(row.tls && tls) };
  const file = {
    serve: "serve-program.mjs",
    bun: "bun.mjs",
    deno: "deno.mjs",
    worker: "worker.capnp",
  };
  return { command: [...program, join(bundles, file[row.server])], env };
}

/** Where a server says its port. */
function portOf({ server }: Row): RegExp {
  return server === "worker" ? /"port":(\d+)/ : /listening on https?:\/\/\S+?:(\d+)/i;
}

function resultsIn(output: string): ScenarioResult[] {
  const lines = output.split("\n").filter((line) => line.startsWith('{"column":'));
  return lines.map((line): ScenarioResult => JSON.parse(line));
}
