// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation `npx tsx test/http2/hpack-go.ts [LISTS]`: header lists to Go's HPACK and back. Needs Go. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { HeaderList, HpackDecoder, HpackEncoder } from "../../runtime/src/http2/index.js";
import { Random, randomFields, toPairs } from "./support/header-lists.js";

/** Lists that go to the program at once. */
const BATCH = 20_000;

const lists = Number(process.argv[2] ?? 20_000);
const seed = Number(process.env.HTTP2_SEED ?? 1);
const tools = resolve(import.meta.dirname, "../../.tmp/hpack-go");
const program = join(tools, "hpack-go");

type Pairs = readonly (readonly [string, string])[];

/** The program's answers to these lines. */
function ask(lines: readonly string[]): string[] {
  const options = { input: `${lines.join("\n")}\n`, maxBuffer: 2 ** 30, encoding: "utf8" } as const;
  return execFileSync(program, options).trimEnd().split("\n");
}

function compare(what: string, index: number, got: Pairs, expected: Pairs): void {
  if (JSON.stringify(got) === JSON.stringify(expected)) return;
  throw new Error(`${what}, list ${index} of seed ${seed}: ${JSON.stringify({ got, expected })}`);
}

/** Each batch has tables of its own. */
function batch(random: Random, count: number): void {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(1 << 20);
  const sent = Array.from({ length: count }, () => toPairs(randomFields(random)));
  const blocks = sent.map((pairs) => {
    encoder.encode(HeaderList.of(pairs));
    return Buffer.from(encoder.block.subarray(0, encoder.length)).toString("hex");
  });
  const decoded = ask(blocks.map((block) => `d${block}`));
  decoded.forEach((text, i) => {
    compare("ours to Go", i, JSON.parse(text), sent[i] ?? []);
  });
  const encoded = ask(sent.map((pairs) => `e${JSON.stringify(pairs)}`));
  encoded.forEach((hex, i) => {
    const block = Buffer.from(hex, "hex");
    const fields = decoder.decode(block, 0, block.length)?.fields ?? [];
    const got = fields.map(({ name, value }) => [name, value] as const);
    compare("Go to ours", i, got, sent[i] ?? []);
  });
}

mkdirSync(tools, { recursive: true });
execFileSync("go", ["build", "-o", program, "."], {
  cwd: join(import.meta.dirname, "hpack-go"),
  stdio: ["ignore", "inherit", "inherit"],
});
const random = new Random(seed);
for (let left = lists; left > 0; left -= BATCH) batch(random, Math.min(left, BATCH));
console.log(`${lists} header lists to Go and back, seed ${seed}`);
