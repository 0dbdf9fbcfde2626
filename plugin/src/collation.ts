// SPDX-License-Identifier: Apache-2.0

const { compare } = new Intl.Collator("en");

/**
 * Calls `generate` with English collation. Protoplugin (2.17, `processImports`) sorts imports by the
 * machine's language, in which `Chat` may come after `Hello`; output must be the same everywhere.
 */
export function withFixedCollation<T>(generate: () => T): T {
  const original = String.prototype.localeCompare;
  String.prototype.localeCompare = function (that: string) {
    return compare(String(this), that);
  };
  try {
    return generate();
  } finally {
    String.prototype.localeCompare = original;
  }
}
