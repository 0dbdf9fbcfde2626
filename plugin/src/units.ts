// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation Times and sizes as people write them, without loss. */

const times = [
  ["d", 24 * 60 * 60_000],
  ["h", 60 * 60_000],
  ["min", 60_000],
  ["s", 1000],
  ["ms", 1],
] as const;

/** A time: `1 h 30 min`, `1.5 s`, `200 ms`. */
export function duration(ms: number): string {
  if (ms >= 1000 && ms < 60_000) return `${ms / 1000} s`;
  let rest = ms;
  const parts: string[] = [];
  for (const [unit, size] of times) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.join(" ");
}

const sizes = [
  ["GiB", 2 ** 30],
  ["MiB", 2 ** 20],
  ["KiB", 2 ** 10],
] as const;

/** A size: `64 KiB`, `1000 bytes`. */
export function size(bytes: number | bigint): string {
  const count = Number(bytes);
  const unit = sizes.find(([, unitBytes]) => count >= unitBytes && count % unitBytes === 0);
  if (unit) return `${count / unit[1]} ${unit[0]}`;
  return count === 1 ? "1 byte" : `${count} bytes`;
}
