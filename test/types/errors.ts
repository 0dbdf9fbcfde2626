// SPDX-License-Identifier: Apache-2.0
import {
  BadRequestSchema,
  Code,
  ConnectError,
  type DeclaredError,
  type DeclaredErrorInfo,
  findErrorInfo,
  findRetryDelayMs,
  isTemporary,
} from "connect-stream";
import {
  type MonitorServiceErrors,
  monitorServiceErrors,
} from "../../gen/monitor/v1/monitor_stream.js";

const { hostBusy } = monitorServiceErrors;

/** Handlers make declared errors, clients read them. */
export function accepted(error: unknown): void {
  const made: ConnectError[] = [
    hostBusy(),
    hostBusy("busy"),
    hostBusy(undefined, { metadata: { load: "99" }, retryDelayMs: 1, cause: error }),
    hostBusy("busy", { details: [{ desc: BadRequestSchema, value: { fieldViolations: [] } }] }),
  ];
  const reason: "HOST_BUSY" = hostBusy.reason;
  const code: Code = hostBusy.code;
  if (hostBusy.is(error)) made.push(error);
  const read: DeclaredErrorInfo<"HOST_BUSY"> | undefined = hostBusy.read(error);
  const load: string | undefined = read?.metadata.load;
  const delayMs: number | undefined = read?.retryDelayMs ?? findRetryDelayMs(error);
  const domain: string | undefined = findErrorInfo(error)?.domain;
  const answer: boolean = isTemporary(error);
  void [reason, code, load, delayMs, domain, answer];
}

/** What is wrong is refused. */
export function refused(error: unknown, permanent: DeclaredError<"HOST_GONE">): void {
  // @ts-expect-error it is not temporary
  permanent("gone", { retryDelayMs: 1 });
  // @ts-expect-error texts only
  hostBusy("busy", { metadata: { load: 99 } });
  // @ts-expect-error a message, not a code
  hostBusy(Code.Unavailable);
  // @ts-expect-error no such error
  monitorServiceErrors.hostGone();
  // @ts-expect-error the schema says it
  hostBusy.when = "always";
  // @ts-expect-error it may be another error
  hostBusy.read(error).metadata;
  // @ts-expect-error an error without fields of its own: `read` has them
  if (hostBusy.is(error)) error.retryDelayMs;
  // @ts-expect-error it is made by a call, not by `new`
  new hostBusy();
  // @ts-expect-error another reason
  const other: DeclaredErrorInfo<"HOST_GONE"> | undefined = hostBusy.read(error);
  // @ts-expect-error hostBusy is missing
  const none: MonitorServiceErrors = {};
  void [other, none, new ConnectError("")];
}
