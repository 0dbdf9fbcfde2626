// SPDX-License-Identifier: Apache-2.0
import type { Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
  type GrpcTransportOptions,
} from "@connectrpc/connect-node";
import { createStreamTransport } from "connect-stream/node";
import type { Wire } from "../wires.js";

/** Options that all of Connect-Node's transports share, and ours with them. */
export type SharedOptions = Omit<GrpcTransportOptions, "baseUrl" | "nodeOptions">;

export type CreateTransport = (url: string, wire: Wire, options?: SharedOptions) => Transport;

export const ourTransport: CreateTransport = (url, { protocol, http }, options) =>
  http === "2"
    ? createStreamTransport({ ...options, baseUrl: url, protocol, httpVersion: "2" })
    : createStreamTransport({ ...options, baseUrl: url, protocol, httpVersion: "1.1" });

export const connectNodeTransport: CreateTransport = (url, { protocol, http }, options) => {
  const shared = { ...options, baseUrl: url };
  if (protocol === "grpc") return createGrpcTransport(shared);
  const create = protocol === "connect" ? createConnectTransport : createGrpcWebTransport;
  return http === "2"
    ? create({ ...shared, httpVersion: "2" })
    : create({ ...shared, httpVersion: "1.1" });
};
