// SPDX-License-Identifier: Apache-2.0

/** By Node's code: what is wrong, and what to do about it. */
const advice: Readonly<Record<string, string>> = {
  EADDRINUSE:
    "the port is in use: stop what listens there, choose another port, or 0 for any free one",
  EACCES: "this process has no permission for the port: choose one above 1023",
  EADDRNOTAVAIL:
    "this machine does not have the address: choose one that it has, or 0.0.0.0 or :: for all",
  ENOTFOUND: "the host does not exist: choose a name that resolves, or an IP address",
};

/** Node's error of a server that cannot listen, with a text that says where and what to do. */
export function listenError(error: Error, host: string, port: number | undefined): Error {
  const code = "code" in error ? String(error.code) : "";
  const what = Object.hasOwn(advice, code) ? advice[code] : error.message;
  const at = port === undefined ? host : atPort(host, port);
  const own = new Error(`serve cannot listen on ${at}: ${what}`, { cause: error });
  // Its code, and the rest of what Node says of it.
  return Object.assign(own, { ...error });
}

function atPort(host: string, port: number): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
