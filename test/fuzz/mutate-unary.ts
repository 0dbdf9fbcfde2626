// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Spoils what only Connect's unary calls have: query parameters, and bodies without envelopes. */
import { gzipSync } from "node:zlib";
import { mutateBody } from "./mutate.js";
import type { Random } from "./random.js";

const hostileBodies = [
  "",
  "{}",
  "[]",
  "null",
  "7",
  '"',
  "{",
  '{"code":"not_found"}',
  '{"code":5,"message":7}',
  '{"code":"__proto__","message":"x"}',
  '{"code":"constructor","message":"x"}',
  '{"code":"not_found","message":null,"details":[{"type":1,"value":"*"}]}',
  '{"code":"not_found","message":"x","details":[{"type":"a.B","value":"*","debug":{"a":[]}}]}',
  '{"code":"not_found","details":{}}',
  '{"code":"ok","message":"x"}',
  '{"text":"a","text":"b","number":"x"}',
  '{"number":1e400,"payload":"*"}',
  '{"replies":[{"replies":[{"replies":[null]}]}]}',
  '{"__proto__":{"text":"x"}}',
  `${'{"replies":['.repeat(2000)}${"]}".repeat(2000)}`,
  "<html></html>",
].map((text) => new TextEncoder().encode(text));

/** Whether a body is one message, without envelopes. */
export function isUnaryConnect(headers: Readonly<Record<string, string>>): boolean {
  return /^application\/(proto|json)$/.test(headers["content-type"] ?? "");
}

/** A unary body with something wrong with it. */
export function mutateUnaryBody(random: Random, body: Uint8Array): Uint8Array {
  if (random.chance(0.5)) return mutateBody(random, body);
  const hostile = random.pick(hostileBodies);
  if (random.chance(0.7)) return hostile;
  const zipped = gzipSync(random.chance(0.1) ? new Uint8Array(1_000_000) : hostile);
  return random.chance(0.5) ? zipped : mutateBody(random, zipped);
}

const hostileNames = [
  "connect",
  "encoding",
  "compression",
  "base64",
  "message",
  "__proto__",
  "",
  "x",
];

const hostileValues = [
  "",
  "v1",
  "v2",
  "proto",
  "json",
  "PROTO",
  "__proto__",
  "gzip",
  "br",
  "identity",
  "snappy",
  "0",
  "1",
  "true",
  "*",
  "%",
  "%zz",
  "%ff%fe",
  "%00",
  "{}",
  "%7B%7D",
  "AAEC=",
  "a+b/c",
  "a-b_c",
  "\u{1f600}",
  "a".repeat(9000),
];

/** A URL's query with one to three things wrong with it. */
export function mutateQuery(random: Random, path: string): string {
  const [route = "", query = ""] = path.split("?");
  let parameters = query.split("&");
  for (let left = 1 + random.below(3); left > 0; left--) {
    parameters = random.pick(mutations)(random, parameters);
  }
  const separator = random.chance(0.05) ? random.pick(["??", "?&", "#", "?#", ""]) : "?";
  return `${route}${separator}${parameters.join(random.chance(0.05) ? ";" : "&")}`;
}

const mutations: ((random: Random, parameters: string[]) => string[])[] = [
  function drop(random, parameters) {
    const at = random.below(parameters.length);
    return parameters.filter((_, i) => i !== at);
  },
  function replace(random, parameters) {
    const at = random.below(parameters.length);
    return parameters.map((one, i) =>
      i === at ? `${one.split("=")[0]}=${random.pick(hostileValues)}` : one,
    );
  },
  function add(random, parameters) {
    const one = `${random.pick(hostileNames)}=${random.pick(hostileValues)}`;
    return random.chance(0.5) ? [...parameters, one] : [one, ...parameters];
  },
  function cut(random, parameters) {
    const at = random.below(parameters.length);
    return parameters.map((one, i) =>
      i === at ? one.slice(0, random.below(one.length + 1)) : one,
    );
  },
  function withoutValue(random, parameters) {
    const at = random.below(parameters.length);
    return parameters.map((one, i) => (i === at ? (one.split("=")[0] ?? "") : one));
  },
];
