// SPDX-License-Identifier: Apache-2.0

/** A random generator that a seed determines. https://en.wikipedia.org/wiki/Xorshift */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 1;
  }

  /** A whole number from 0 to below `limit`. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  pick<T>(from: readonly [T, ...T[]]): T {
    return from[this.below(from.length)] ?? from[0];
  }
}

/** Header fields by name; a name may have several values. */
export type FieldMap = Record<string, string[]>;

const NAMES = [
  "accept",
  "authorization",
  "cache-control",
  "content-type",
  "cookie",
  "grpc-timeout",
  "te",
  "traceparent",
  "user-agent",
  "x-request-id",
  "x-a",
  "x-b-bin",
] as const;
const NAME_OCTETS = "abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~";

function text(random: Random, length: number, octets: string): string {
  return Array.from({ length }, () => octets[random.below(octets.length)]).join("");
}

const VISIBLE = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join("");

function value(random: Random): string {
  const kind = random.below(20);
  if (kind < 8) return random.pick(["1", "gzip", "identity", "application/grpc", "a b", ""]);
  if (kind < 18) return text(random, 1 + random.below(40), VISIBLE);
  return text(random, 1 + random.below(kind === 18 ? 300 : 1500), VISIBLE);
}

/**
 * Fields as calls have them: some come again, some never do. `te` and names that Node treats in a way
 * of its own have values that suit it.
 */
export function randomFields(random: Random): FieldMap {
  const fields: FieldMap = {};
  for (let i = random.below(12); i > 0; i--) {
    const known = random.below(4) > 0;
    const name = known
      ? (NAMES[random.below(NAMES.length)] ?? "x-a")
      : `x${text(random, random.below(20), NAME_OCTETS)}`;
    if (name === "te") fields[name] = ["trailers"];
    else if (name in fields && name.startsWith("x")) fields[name]?.push(value(random));
    else fields[name] = [value(random)];
  }
  return fields;
}

/** A map as the fields that it stands for, in order. */
export function toPairs(fields: FieldMap): [string, string][] {
  return Object.entries(fields).flatMap(([name, values]) =>
    values.map((each): [string, string] => [name, each]),
  );
}
