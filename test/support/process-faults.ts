// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What must never happen in a process, whoever caused it. */

const faults: unknown[] = [];

process.on("unhandledRejection", (reason) => faults.push(reason));
process.on("uncaughtExceptionMonitor", (error) => faults.push(error));
process.on("warning", (warning) => {
  if (/MaxListeners|TimeoutOverflow|TimeoutNegative/.test(warning.name)) faults.push(warning);
});

/** The faults since the last call. */
export function takeFaults(): unknown[] {
  return faults.splice(0);
}
