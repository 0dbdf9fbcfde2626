// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const fileOf = (name: string) => fileURLToPath(new URL(`tls/${name}`, import.meta.url));

/**
 * A key and a certificate that it has signed itself, for localhost and 127.0.0.1, until 2126. Made with
 * `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500
 * -keyout key.pem -out cert.pem -subj /CN=localhost
 * -addext subjectAltName=DNS:localhost,IP:127.0.0.1`; tests need no OpenSSL of the machine's.
 */
export const keyFile: string = fileOf("key.pem");
export const certFile: string = fileOf("cert.pem");

export const selfSigned: { readonly key: Buffer; readonly cert: Buffer } = {
  key: readFileSync(keyFile),
  cert: readFileSync(certFile),
};
