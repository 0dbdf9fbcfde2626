// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import type { EndedBy } from "../../api/outcome.js";
import { markUnprocessed } from "../../client/unprocessed-error.js";
import { ErrorCode, type StreamFailure } from "../../http2/index.js";
import type { ConnectTarget } from "./connect-target.js";
import type { Connection } from "./connection.js";
import { errorFromReset, lostError } from "./errors.js";

/** The error of a call whose stream has failed. */
export function streamError(
  failure: StreamFailure,
  target: ConnectTarget,
  connection: Connection | undefined,
): ConnectError {
  const error = toError(failure, target, connection);
  return failure.processed ? error : markUnprocessed(error);
}

/** Who ended it. */
export function failedBy({ kind, code }: StreamFailure): EndedBy {
  const lost = kind === "connection" || kind === "goaway";
  return lost || isCutOff(kind, code) ? "connection" : "server";
}

/** A reset without an error ends a request after a whole response. Before, the response was cut off. */
function isCutOff(kind: StreamFailure["kind"], code: number): boolean {
  return kind === "reset" && code === ErrorCode.NO_ERROR;
}

function toError(
  { kind, code, exceeded, message }: StreamFailure,
  { url: { origin }, maxHeaderBytes }: ConnectTarget,
  connection: Connection | undefined,
): ConnectError {
  if (isCutOff(kind, code)) return lostError(origin, "the server aborted the response");
  switch (kind) {
    case "reset":
      return errorFromReset(code, origin);
    case "violation":
      return exceeded === "maxHeaderListBytes"
        ? new ConnectError(
            `${origin} sent ${message}: raise maxHeaderBytes, which is ${maxHeaderBytes}`,
            Code.ResourceExhausted,
          )
        : new ConnectError(`${origin} violated HTTP/2: ${message}`, Code.Internal);
    case "goaway":
    case "connection":
      return connection?.error() ?? lostError(origin, message);
  }
}
