// SPDX-License-Identifier: Apache-2.0
import type { Random } from "./random.js";

const lengths = [0, 1, 4, 5, 0x7f, 0xff, 0xffff, 0x400000, 0x400001, 0x7fffffff, 0xffffffff];
const flags = [0, 1, 2, 3, 4, 0x40, 0x7f, 0x80, 0x81, 0xff];

const hostileTexts = [
  '{"error":{"code":5,"message":7}}',
  '{"error":{"code":"not_found","message":null,"details":[{"type":1,"value":"*"}]}}',
  '{"error":{"code":"__proto__"}}',
  '{"error":null,"metadata":{"__proto__":["x"],"a b":["\\n"],"x":"y","z":[1]}}',
  '{"metadata":{"x-bin":["*"]}}',
  '{"error":{}}',
  '{"error":[]}',
  "[]",
  "null",
  "{",
  '"',
  "",
  `${"[".repeat(5000)}${"]".repeat(5000)}`,
  "grpc-status:\r\n",
  "grpc-status: 999999999999\r\ngrpc-message: %zz%ff%\r\n",
  "grpc-status: -1\r\n\r\n: \r\n:::\r\n",
  "grpc-status: 0\r\ngrpc-status: 5\r\nbad name: x\r\nx: \u0000\r\n",
  "grpc-status: 3\r\ngrpc-status-details-bin: !!!\r\n",
];

const mutations: ((random: Random, body: Uint8Array) => Uint8Array)[] = [
  function flipABit(random, body) {
    const copy = Uint8Array.from(body);
    const at = random.below(copy.length);
    copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
    return copy;
  },
  function truncate(random, body) {
    return body.subarray(0, random.below(body.length + 1));
  },
  function insertNoise(random, body) {
    return splice(body, random.below(body.length + 1), 0, random.bytes(1 + random.below(20)));
  },
  function removeSome(random, body) {
    return splice(body, random.below(body.length + 1), 1 + random.below(10), new Uint8Array());
  },
  function repeatSome(random, body) {
    const at = random.below(body.length + 1);
    return splice(body, at, 0, body.subarray(at, at + random.below(200)));
  },
  function hostileLength(random, body) {
    const copy = Uint8Array.from(body);
    const at = random.pick(envelopes(body));
    if (at + 5 <= copy.length) {
      new DataView(copy.buffer).setUint32(at + 1, random.pick(lengths));
    }
    return copy;
  },
  function hostileFlags(random, body) {
    const copy = Uint8Array.from(body);
    const at = random.pick(envelopes(body));
    if (at < copy.length) copy[at] = random.pick(flags);
    return copy;
  },
  function moreAfterTheEnd(random, body) {
    return splice(
      body,
      body.length,
      0,
      envelope(random.pick(flags), random.bytes(random.below(30))),
    );
  },
  function hostileEnd(random, body) {
    const text = new TextEncoder().encode(random.pick(hostileTexts));
    const at = random.pick(envelopes(body));
    return splice(body, at, body.length, envelope(random.pick([0x02, 0x80, 0x03, 0]), text));
  },
];

/** `body` with one to four things wrong with it. */
export function mutateBody(random: Random, body: Uint8Array): Uint8Array {
  let mutated = body;
  for (let left = 1 + random.below(4); left > 0; left--) {
    mutated = random.pick(mutations)(random, mutated);
  }
  return mutated;
}

const hostileValues = [
  "",
  " ",
  "0",
  "-1",
  "1",
  "5",
  "16",
  "17",
  "999999999999999999999",
  "NaN",
  "1e9m",
  "99999999H",
  "999999999H",
  "0m",
  "1n",
  "x",
  "gzip",
  "br",
  "identity",
  "gzip, br;q=0",
  "application/grpc",
  "application/grpc+json",
  "application/grpc-web-text",
  "application/connect+json",
  "application/connect+proto; charset=x",
  "application/json",
  "text/html",
  "%",
  "%zz",
  "%ff%fe%00",
  "!!!",
  "AAEC=",
  "true,",
  "1,x",
  "1e400",
  "-0",
  "MOOD_BAD,99",
  "/w",
  "__proto__",
  "a".repeat(5000),
];

const hostileNames = [
  "content-type",
  "grpc-timeout",
  "connect-timeout-ms",
  "grpc-encoding",
  "grpc-accept-encoding",
  "connect-content-encoding",
  "content-encoding",
  "accept-encoding",
  "trailer-x-count",
  "connect-accept-encoding",
  "connect-protocol-version",
  "grpc-status",
  "grpc-message",
  "grpc-status-details-bin",
  "x-lab-bin",
  "user-id",
  "level",
  "rooms-bin",
  "text",
  "__proto__",
  "constructor",
  "te",
  "content-length",
];

/** `fields` with one to three things wrong with them. */
export function mutateFields(
  random: Random,
  fields: Readonly<Record<string, string>>,
): Record<string, string> {
  const mutated = new Map(Object.entries(fields));
  for (let left = 1 + random.below(3); left > 0; left--) {
    const name = random.pick([...hostileNames, ...mutated.keys()]);
    if (random.chance(0.3)) mutated.delete(name);
    else mutated.set(name, random.pick(hostileValues));
  }
  return Object.fromEntries(mutated);
}

/** Where the envelopes of a body begin, its end included. */
function envelopes(body: Uint8Array): number[] {
  const starts = [0];
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let at = 0; at + 5 <= body.length; ) {
    at += 5 + view.getUint32(at + 1);
    if (at <= body.length) starts.push(at);
  }
  return starts;
}

function envelope(flag: number, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + data.length);
  bytes[0] = flag;
  new DataView(bytes.buffer).setUint32(1, data.length);
  bytes.set(data, 5);
  return bytes;
}

function splice(body: Uint8Array, at: number, remove: number, insert: Uint8Array): Uint8Array {
  return Buffer.concat([body.subarray(0, at), insert, body.subarray(at + remove)]);
}
