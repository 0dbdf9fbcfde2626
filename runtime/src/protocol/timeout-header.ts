// SPDX-License-Identifier: Apache-2.0

/** gRPC allows eight digits and then a unit; the finest unit that holds the time is used. */
const GRPC_MAX_VALUE = 99_999_999;
const grpcUnits = [
  ["m", 1],
  ["S", 1000],
  ["M", 60_000],
  ["H", 3_600_000],
] as const;

/**
 * The longest deadline that Connect-ES can send: it writes milliseconds for gRPC however many there
 * are, and servers refuse more than eight digits. About 27 hours.
 * https://github.com/connectrpc/connect-es/blob/v2.1.2/packages/connect/src/protocol-grpc/request-header.ts
 */
export const CONNECT_ES_MAX_TIMEOUT_MS: number = GRPC_MAX_VALUE;

/** Connect allows ten digits of milliseconds. */
const CONNECT_MAX_MS = 9_999_999_999;

/**
 * A deadline as a `grpc-timeout` value, rounded up to what the unit can say.
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md
 */
export function grpcTimeout(timeoutMs: number): string {
  for (const [unit, ms] of grpcUnits) {
    const value = Math.ceil(timeoutMs / ms);
    if (value <= GRPC_MAX_VALUE) return `${value}${unit}`;
  }
  return `${GRPC_MAX_VALUE}H`;
}

/** A deadline as a `connect-timeout-ms` value. https://connectrpc.com/docs/protocol */
export function connectTimeout(timeoutMs: number): string {
  return String(Math.min(Math.ceil(timeoutMs), CONNECT_MAX_MS));
}
