// SPDX-License-Identifier: Apache-2.0

/** A protocol, on a version of HTTP. */
export interface Wire {
  readonly protocol: "grpc" | "grpc-web" | "connect";
  readonly http: "1.1" | "2";
  readonly name: string;
}

export const grpcOn2: Wire = { protocol: "grpc", http: "2", name: "gRPC, HTTP/2" };
export const grpcWebOn1: Wire = { protocol: "grpc-web", http: "1.1", name: "gRPC-Web, HTTP/1.1" };
export const grpcWebOn2: Wire = { protocol: "grpc-web", http: "2", name: "gRPC-Web, HTTP/2" };
export const connectOn1: Wire = { protocol: "connect", http: "1.1", name: "Connect, HTTP/1.1" };
export const connectOn2: Wire = { protocol: "connect", http: "2", name: "Connect, HTTP/2" };

export const wires: readonly Wire[] = [grpcOn2, grpcWebOn1, grpcWebOn2, connectOn1, connectOn2];
