// SPDX-License-Identifier: Apache-2.0
import { isObject } from "../options/settings.js";

/** What Node takes the content of a file for. */
const contents = ["key", "cert", "ca", "pfx"] as const;

/**
 * Throws a `RangeError` for a file's path where Node's TLS wants what is in the file. Node's own error
 * says nothing of that, and for `ca` there is none. `group`: the option that has the others.
 */
export function checkTlsContents(group: string, options: object): void {
  const given: { [K in (typeof contents)[number]]?: unknown } = options;
  for (const name of contents) {
    const path = pathIn(given[name]);
    if (path === undefined) continue;
    const text = JSON.stringify(path);
    throw new RangeError(
      `${group}.${name} must be the content of a file, not its path: use readFileSync(${text})`,
    );
  }
}

/** Node takes one, a list, or objects such as `{ pem, passphrase }`. */
function pathIn(value: unknown): string | undefined {
  if (typeof value === "string") return isPath(value) ? value : undefined;
  if (Array.isArray(value)) return value.map(pathIn).find((path) => path !== undefined);
  if (!isObject(value) || value instanceof Uint8Array) return undefined;
  return "pem" in value ? pathIn(value.pem) : "buf" in value ? pathIn(value.buf) : undefined;
}

const extension = /\.(pem|key|crt|cer|cert|der|pfx|p12)$/i;

/** Text that only looks like a key in a wrong format is not shown to anybody: it may be one. */
function isPath(text: string): boolean {
  if (text.includes("\n") || text.includes("-----BEGIN") || text.length > 4096) return false;
  return extension.test(text) || /^(\.{0,2}|~|[a-z]:)[\\/][\w.@\\/ -]*$/i.test(text);
}
