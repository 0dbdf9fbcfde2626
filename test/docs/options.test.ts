// SPDX-License-Identifier: Apache-2.0
// The tables of options in docs/ are those of the runtime's declarations. `npm run test:update` writes
// the one that is all of them.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasEffect, isGroup, type Scope, type Settings, type Side } from "connect-stream/options";
import { expect, it } from "vitest";
import { checkOption, type Declared } from "../../runtime/src/options/declare.js";
import { callOptions } from "../../runtime/src/options/policy.js";
import { retryDefaults } from "../../runtime/src/options/retry.js";
import { schemaPolicy } from "../../runtime/src/options/schema-policy.js";

const docs = fileURLToPath(new URL("../../docs/", import.meta.url));

const read = (page: string) => readFileSync(docs + page, "utf8");

/** The first table below a heading. */
function tableOf(page: string, heading: string): string {
  const [, section = ""] = read(page).split(`\n${heading}\n`);
  return section.match(/(^\|.*\n)+/m)?.[0] ?? "";
}

/** Its rows, without its head: a list of cells each. */
function rowsOf(page: string, heading: string): string[][] {
  const rows = tableOf(page, heading).trimEnd().split("\n").slice(2);
  return rows.map((row) =>
    row
      .slice(1, -1)
      .split(" | ")
      .map((cell) => cell.trim()),
  );
}

/** Every option that has no others in it, by its path, with all that it is in. */
function leaves(settings: Settings, path = "", above: Declared[] = []): [string, Declared[]][] {
  return Object.entries(settings).flatMap(([key, declared]) => {
    const within = [...above, declared];
    return isGroup(declared)
      ? leaves(declared.settings, `${path}${key}.`, within)
      : [[path + key, within] satisfies [string, Declared[]]];
  });
}

const kinds = ["unary", "server_streaming", "client_streaming", "bidi_streaming"] as const;

/** On which RPCs an option has an effect. */
function rpcs(within: readonly Declared[] | undefined, side: Side): string {
  if (!within) return "–";
  const has = (scope: Scope) => within.every((declared) => hasEffect(declared, scope));
  const [unary, download, upload, chat] = kinds.map((methodKind) => has({ side, methodKind }));
  expect(chat).toBe(true);
  if (unary) return "all";
  if (download && upload) return "streams";
  return `${download ? "server" : "client"}-streaming, bidirectional`;
}

/** What an option may be, as the error of an invalid value says. */
function allowed(declared: Declared): string {
  try {
    checkOption("it", declared, {});
    return "anything";
  } catch (error) {
    return String(error).match(/must be (.*), not an object/)?.[1] ?? String(error);
  }
}

it("policies.md has each option of a schema, and where it has an effect", () => {
  const ofServer = new Map(leaves(schemaPolicy.server.settings));
  const ofClient = new Map(leaves(schemaPolicy.client.settings));
  expect([...ofServer.keys()].every((path) => ofClient.has(path))).toBe(true);
  const rows = [...ofClient].map(([path, within]) => {
    const valid = within.slice(-1).map(allowed);
    const cells = [
      `\`${path}\``,
      ...valid,
      rpcs(ofServer.get(path), "server"),
      rpcs(within, "client"),
    ];
    return `| ${cells.join(" | ")} |\n`;
  });
  const head = "| option | values | of a server | of a client |\n|---|---|---|---|\n";
  const table = head + rows.join("");
  const current = tableOf("policies.md", "### Where options have an effect");
  if (process.env.UPDATE_GOLDEN) {
    writeFileSync(
      `${docs}policies.md`,
      read("policies.md").replace(current, () => table),
    );
  } else {
    expect(current).toBe(table);
  }
});

const names = (rows: readonly string[][]) => rows.map(([name]) => name?.match(/`(\w+)`/)?.[1]);
const keysOf = (declared: Declared | undefined): string[] =>
  declared && isGroup(declared) ? Object.keys(declared.settings) : [];

it("limits.md has all limits of time and size", () => {
  const times = ["timeoutMs", ...keysOf(callOptions.timeouts)];
  expect(names(rowsOf("limits.md", "## Timeouts"))).toEqual(times);
  expect(names(rowsOf("limits.md", "## Sizes"))).toEqual(keysOf(callOptions.limits));
});

it("flow-control.md has all bounds of a queue", () => {
  const { queues } = callOptions;
  const bounds = keysOf(isGroup(queues) ? queues.settings.send : undefined);
  expect(names(rowsOf("flow-control.md", "## Bounds"))).toEqual(bounds);
});

it("retries.md has all options of retries, and their defaults", () => {
  const table = rowsOf("retries.md", "## Options");
  expect(names(table)).toEqual(keysOf(callOptions.retry));
  const inBytes = (text = "") => (text.endsWith(" KiB") ? Number.parseInt(text, 10) * 1024 : text);
  const told = table.map(([name, value]) => [name?.replaceAll("`", ""), inBytes(value)]);
  for (const [name, value] of Object.entries(retryDefaults)) {
    expect(Object.fromEntries(told)[name]).toEqual(name.endsWith("Bytes") ? value : String(value));
  }
});
