// SPDX-License-Identifier: Apache-2.0

/** An error of Node's, which has a code of its own. */
export interface NodeFailure {
  readonly code: string;
  readonly error: Error;
}

/** What Node's error says of a connection. */
export interface ConnectionAdvice {
  /** False if the server was never talked to. */
  readonly made: boolean;
  /** What happened, and what to do about it where that can be known. */
  readonly advice: string | undefined;
}

const HINT_TLS = "the server does not speak TLS: use http://";
/** What to do if the server's bytes are not HTTP/2. */
export const HINT_HTTP1 =
  'the server does not answer in HTTP/2: if it speaks HTTP/1.1 only, set httpVersion: "1.1"; if it speaks TLS, use https://';

/** What to do if the server closes a connection without TLS before it has sent anything. */
export const HINT_SILENT = "the server closed it and sent nothing: if it speaks TLS, use https://";
/** The same, with TLS and a certificate of the client. */
export const HINT_REJECTED =
  "the server closed it and sent nothing: it may reject the client's certificate";

/** By Node's code: of connections that were not made. */
const notMade: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there (ECONNREFUSED)",
  ENOTFOUND: "the host does not exist (ENOTFOUND)",
  EAI_AGAIN: "the DNS lookup failed, try again (EAI_AGAIN)",
  EHOSTUNREACH: "no route to the host (EHOSTUNREACH)",
  ENETUNREACH: "the network is unreachable (ENETUNREACH)",
  ENOENT: "there is no such socket (ENOENT)",
};

/** By Node's code: of connections that broke. */
const broken: Readonly<Record<string, string>> = {
  ECONNRESET: "the server closed it",
  EPIPE: "the server closed it",
  ERR_HTTP2_GOAWAY_SESSION: "the server is closing it",
  ERR_HTTP2_ERROR: HINT_HTTP1,
  ETIMEDOUT: "it timed out",
  HPE_HEADER_OVERFLOW: "the response headers are too large: raise nodeOptions.maxHeaderSize",
};

/** Reads an error of Node's, of which users should not have to know. */
export function adviceOn(failure: NodeFailure | undefined): ConnectionAdvice {
  if (!failure) return { made: true, advice: undefined };
  const { code, error } = failure;
  if (Object.hasOwn(notMade, code)) return { made: false, advice: notMade[code] };
  if (Object.hasOwn(broken, code)) return { made: true, advice: broken[code] };
  if (code.startsWith("HPE_")) return { made: true, advice: notHttp1(error) };
  const advice = certificateProblem(code, error.message) ?? tlsProblem(code, error.message);
  return advice === undefined ? { made: true, advice: code } : { made: false, advice };
}

/** Codes of OpenSSL for a certificate that no known authority has signed. */
const untrusted =
  /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_(VERIFY_LEAF_SIGNATURE|GET_ISSUER_CERT.*))$/;

function certificateProblem(code: string, text: string): string | undefined {
  if (untrusted.test(code)) {
    return `its certificate is not trusted (${oneLine(text)}): pass its CA in nodeOptions.ca`;
  }
  const invalid = /^(ERR_TLS_CERT_|CERT_|HOSTNAME_MISMATCH)/.test(code);
  return invalid ? `its certificate is not valid (${oneLine(text)})` : undefined;
}

/** What servers say of the certificate of a client: that there is none, or that they don't accept it. */
const wantsCertificate = /ALERT_CERTIFICATE_REQUIRED$/;
const rejectsCertificate =
  /ALERT_(UNKNOWN_CA|BAD_CERTIFICATE|CERTIFICATE_\w+|UNSUPPORTED_CERTIFICATE)$/;

/** OpenSSL's texts have an address in front, and a file and a line break at the end. */
function tlsProblem(code: string, text: string): string | undefined {
  if (code !== "EPROTO" && !code.startsWith("ERR_SSL_")) return undefined;
  const [, reason] = /SSL routines:[^:]*:([^:]+)/.exec(text) ?? [];
  if (/wrong version number|packet length too long/.test(reason ?? text)) return HINT_TLS;
  if (wantsCertificate.test(code)) {
    return "the server wants a certificate of the client: give it in nodeOptions.cert and nodeOptions.key";
  }
  const said = reason === undefined ? code : oneLine(reason);
  if (rejectsCertificate.test(code)) return `the server rejects the client's certificate (${said})`;
  return `the TLS handshake failed (${said})`;
}

/** The first bytes tell what it was instead: a record of TLS, or a SETTINGS frame of HTTP/2. */
function notHttp1(error: Error): string {
  const raw = "rawPacket" in error && error.rawPacket instanceof Uint8Array ? error.rawPacket : [];
  if (raw[0] === 0x15) return "the server speaks TLS: use https://";
  if (raw[0] === 0 && raw[3] === 4) return 'the server speaks HTTP/2 only: set httpVersion: "2"';
  return "the server does not answer in HTTP/1.1";
}

function oneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
