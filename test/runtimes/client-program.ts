// SPDX-License-Identifier: Apache-2.0
// Runs the scenarios that CLIENT names, on whatever runtime runs it, and prints a line of JSON for each.
import { readFileSync } from "node:fs";
import type { Transport } from "@connectrpc/connect";
import { createStreamTransport } from "connect-stream/node";
import { fetchTransport } from "../support/clients/fetch-transport.js";
import { needsDuplex } from "./cells.js";
import { duplexFetch } from "./duplex-fetch.js";
import { type Column, type Scenario, scenarios } from "./scenarios.js";

/** What the client is told, as JSON. */
export interface ClientTask {
  readonly baseUrl: string;
  readonly protocol: "grpc" | "grpc-web" | "connect";
  readonly httpVersion: "1.1" | "2";
  readonly columns: readonly Column[];
  /** Path of the events to upload. */
  readonly events: string;
}

/** How a scenario went. */
export interface ScenarioResult {
  readonly column: Column;
  /** Why it failed; absent if it did not. */
  readonly failure?: string;
}

/** No scenario takes longer, in milliseconds. */
const MAX_MS = 20_000;

const task: ClientTask = JSON.parse(process.env.CLIENT ?? "{}");
const events = readFileSync(task.events, "utf8").trimEnd().split("\n");
for (const column of task.columns) {
  console.log(JSON.stringify(await run(column, scenarios[column])));
}
process.exit(0);

async function run(column: Column, scenario: Scenario): Promise<ScenarioResult> {
  try {
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error("it hangs")), MAX_MS);
    });
    await Promise.race([scenario(transportFor(column), events), late]);
    return { column };
  } catch (error) {
    return { column, failure: String(error).split("\n")[0] ?? "" };
  }
}

function transportFor(column: Column): Transport {
  const { baseUrl, protocol, httpVersion } = task;
  const nodeOptions = { rejectUnauthorized: false };
  if (httpVersion === "2")
    return createStreamTransport({ baseUrl, protocol, httpVersion, nodeOptions });
  if (needsDuplex.includes(column) && protocol !== "grpc") {
    // Our own transport refuses it: proxies and most servers do not let both directions run at once.
    return fetchTransport(duplexFetch, { protocol, binary: true, name: protocol }, { baseUrl });
  }
  return createStreamTransport({ baseUrl, protocol, httpVersion, nodeOptions });
}
