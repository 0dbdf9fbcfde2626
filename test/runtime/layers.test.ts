// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, normalize, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const root = fileURLToPath(new URL("../../runtime/src", import.meta.url));

/** What each folder of the runtime may import beside itself: docs/architecture.md draws it. */
const layers: Readonly<Record<string, readonly string[]>> = {
  gen: [],
  "linked-queue.ts": [],
  "shapes.ts": [],
  http2: ["linked-queue.ts", "shapes.ts"],
  options: [],
  api: ["options"],
  errors: ["gen"],
  call: ["api", "options", "shapes.ts"],
  protocol: ["api", "call", "options", "shapes.ts"],
  metadata: ["protocol", "options"],
  observe: ["api", "call", "options"],
  server: [
    "api",
    "call",
    "metadata",
    "observe",
    "options",
    "protocol",
    "linked-queue.ts",
    "shapes.ts",
  ],
  client: ["api", "call", "metadata", "observe", "options", "protocol", "shapes.ts"],
  codegenv1: ["api", "client", "errors", "gen", "observe", "options", "protocol", "server"],
  node: [
    "api",
    "call",
    "client",
    "http2",
    "options",
    "protocol",
    "server",
    "linked-queue.ts",
    "shapes.ts",
  ],
  fetch: ["call", "options", "protocol", "server"],
  interop: ["api", "call", "options"],
  health: ["api", "call", "codegenv1", "gen", "options"],
  reflection: ["api", "call", "codegenv1", "gen", "options"],
  otel: ["api", "options"],
  protovalidate: ["gen", "options"],
  testing: ["api", "call", "client", "codegenv1", "metadata", "options", "protocol", "server"],
  "index.ts": ["api", "call", "client", "errors", "gen", "observe", "options"],
};

interface Import {
  readonly from: string;
  readonly to: string;
}

/** The source files below a folder, as paths from the root. */
function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
}

function imports(): Import[] {
  return sources("").flatMap((file) => {
    const text = readFileSync(join(root, file), "utf8");
    return [...text.matchAll(/(?:from|import) "(\.[^"]+)\.js"/g)].map(([, target = ""]) => ({
      from: file,
      to: normalize(join(dirname(file), `${target}.ts`)),
    }));
  });
}

const folderOf = (file: string): string => file.split(sep)[0] ?? "";

it("imports of the runtime point one way", () => {
  const all = imports();
  expect(all.length).toBeGreaterThan(500);
  const wrong = all.filter(({ from, to }) => {
    const allowed = layers[folderOf(from)] ?? [];
    return folderOf(from) !== folderOf(to) && !allowed.includes(folderOf(to));
  });
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
});

it("what they point to does not point back", () => {
  const reaches = (folder: string, seen = new Set<string>()): Set<string> => {
    for (const next of layers[folder] ?? []) {
      if (seen.has(next)) continue;
      seen.add(next);
      reaches(next, seen);
    }
    return seen;
  };
  for (const folder of Object.keys(layers)) expect([...reaches(folder)]).not.toContain(folder);
});

it.each([
  "call",
  "http2",
  "protocol",
  "server",
  "client",
  "observe",
  "options",
  "api",
  "codegenv1",
  "fetch",
  "interop",
  "health",
  "reflection",
])("%s imports nothing from Node", (folder) => {
  for (const file of sources(folder)) {
    const text = readFileSync(join(root, file), "utf8");
    expect(text, file).not.toMatch(/from "(node:|@connectrpc\/connect-node)/);
  }
});
