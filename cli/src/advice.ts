// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What the runtime advises to change in code, as options of the command line. */

/** What it says, and what is to be said here. */
const advice: readonly (readonly [said: RegExp, here: string])[] = [
  [/pass its CA in nodeOptions\.ca$/, "pass its CA with --cacert, or --insecure"],
  [/give it in nodeOptions\.cert and nodeOptions\.key$/, "pass it with --cert and --key"],
  [/set httpVersion: "1\.1"/, "pass --http-version 1.1"],
  [/set httpVersion: "2"/, "pass --http-version 2"],
  [/: no connection within connectTimeoutMs$/, ": the server does not answer"],
  [/^HTTP 415 from \S+$/, "$&: it does not take this protocol; try another --protocol"],
];

/** The message of an error, for who has a command line. */
export function forCommandLine(message: string): string {
  return advice.reduce((text, [said, here]) => text.replace(said, here), message);
}
