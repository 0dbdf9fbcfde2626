// SPDX-License-Identifier: Apache-2.0

/** A server that the page is to call, and how. */
export interface Question {
  readonly protocol: "connect" | "grpc-web";
  readonly url: string;
  /** How many streams to open at once. */
  readonly streams: number;
}

/** What the page saw of it. Errors are a code and a message. */
export interface PageResult {
  readonly unary: { readonly text: string; readonly cost: string | null };
  readonly failed: string;
  readonly streamed: readonly string[];
  readonly failedLate: readonly string[];
  readonly atOnce: number;
  readonly cancelled: string;
}

/** What the page sends home. */
export interface PageReport {
  readonly results?: readonly PageResult[];
  /** The error of a server that does not know the page's origin. */
  readonly stranger?: string;
  readonly failure?: string;
}
