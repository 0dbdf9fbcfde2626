// SPDX-License-Identifier: Apache-2.0

/** The two texts as one: lines that they share, in their order, and others with a sign. */
export function diff(expected: string, actual: string): string {
  const [a, b] = [expected.split("\n"), actual.split("\n")];
  const shared = sharedLines(a, b);
  const merged: string[] = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      merged.push(`  ${a[i++]}`);
      j++;
    } else if (i < a.length && (shared[i + 1]?.[j] ?? 0) >= (shared[i]?.[j + 1] ?? 0)) {
      merged.push(`- ${a[i++]}`);
    } else {
      merged.push(`+ ${b[j++]}`);
    }
  }
  return merged.join("\n");
}

/** How many lines `a` from `i` on and `b` from `j` on can share: `[i][j]`. */
function sharedLines(a: readonly string[], b: readonly string[]): readonly number[][] {
  const shared = Array.from({ length: a.length + 1 }, () =>
    new Array<number>(b.length + 1).fill(0),
  );
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const [row, below] = [shared[i] ?? [], shared[i + 1] ?? []];
      row[j] = a[i] === b[j] ? (below[j + 1] ?? 0) + 1 : Math.max(below[j] ?? 0, row[j + 1] ?? 0);
    }
  }
  return shared;
}
