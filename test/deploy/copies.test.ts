// SPDX-License-Identifier: Apache-2.0
// Each example stands alone, so that it can be copied: what several have stays the same.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const examples = fileURLToPath(new URL("../../examples/deploy", import.meta.url));

const copies: [file: string, ...examples: string[]][] = [
  ["proto/ticks/v1/ticks.proto", "http2", "express", "fastify", "hono", "nestjs", "nextjs"],
  ["src/routes.ts", "http2", "express", "fastify", "hono"],
  ["src/client.ts", "express", "fastify", "hono"],
  ["src/client.ts", "http2", "nestjs"],
  ["buf.gen.yaml", "http2", "express", "fastify", "hono", "llm-tokens", "nestjs"],
  ["tsconfig.json", "http2", "express", "fastify", "hono", "llm-tokens", "job-runner"],
];

it.each(copies)("%s of %s is that of the others", (file, first, ...others) => {
  const read = (example: string) => readFileSync(`${examples}/${example}/${file}`, "utf8");
  for (const other of others) expect(read(other), other).toBe(read(first ?? ""));
});
