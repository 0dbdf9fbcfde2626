// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation The options of TLS: read, and checked before a server is asked. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createSecureContext } from "node:tls";
import { CliError, reasonOf, UsageError } from "./exit.js";
import { type Options, orList, type Values } from "./options.js";

/** Options of TLS. */
export const tlsOptions = {
  cacert: { type: "string", value: "FILE", help: "trust these certificate authorities (PEM)" },
  cert: { type: "string", value: "FILE", help: "client certificate (PEM)" },
  key: { type: "string", value: "FILE", help: "private key of --cert (PEM)" },
  insecure: { type: "boolean", help: "don't verify the server's certificate" },
} as const satisfies Options;

/** The same, as Node takes them. */
export interface TlsSettings {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
  readonly rejectUnauthorized?: false;
}

/** Reads the files. Throws a `UsageError` for options that do nothing, a `CliError` for what is in the files. */
export function readTls(url: string, values: Values<typeof tlsOptions>, cwd: string): TlsSettings {
  const { cacert, cert, key, insecure } = values;
  const given = Object.entries({ cacert, cert, key, insecure }).filter(([, value]) => value);
  if (given.length > 0 && !/^https:/i.test(url)) {
    const names = given.map(([name]) => `--${name}`);
    throw new UsageError(`${orList(names)} needs an https URL`);
  }
  if ((cert === undefined) !== (key === undefined)) {
    throw new UsageError("--cert and --key need each other");
  }
  const settings = {
    ...(cacert !== undefined && { ca: readPem(cacert, "CERTIFICATE", cwd) }),
    ...(cert !== undefined && { cert: readPem(cert, "CERTIFICATE", cwd) }),
    ...(key !== undefined && { key: readPem(key, "PRIVATE KEY", cwd) }),
    ...(insecure && { rejectUnauthorized: false as const }),
  };
  checkContext(
    settings,
    cert === undefined ? `--cacert ${cacert}` : `--cert ${cert} and --key ${key}`,
  );
  return settings;
}

/** Node takes a file without a certificate for none. */
function readPem(file: string, label: "CERTIFICATE" | "PRIVATE KEY", cwd: string): Buffer {
  const content = read(file, cwd);
  if (new RegExp(`^-----BEGIN ([A-Z0-9]+ )?${label}-----`, "m").test(content.toString("latin1"))) {
    return content;
  }
  throw new CliError(`${file} has no ${label} in PEM`);
}

function read(file: string, cwd: string): Buffer {
  try {
    return readFileSync(resolve(cwd, file));
  } catch (error) {
    throw new CliError(`cannot read ${file}: ${reasonOf(error)}`);
  }
}

function checkContext(settings: TlsSettings, what: string): void {
  try {
    createSecureContext(settings);
  } catch (error) {
    throw new CliError(`cannot use ${what}: ${openSslReason(error)}`);
  }
}

/** OpenSSL has its codes and the names of its routines in front. */
function openSslReason(error: unknown): string {
  const text = reasonOf(error);
  if (/KEY_VALUES_MISMATCH|key values mismatch/i.test(text)) return "they don't match";
  return text.split(":").at(-1)?.trim() || text;
}
