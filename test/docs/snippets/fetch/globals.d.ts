// SPDX-License-Identifier: Apache-2.0
// What the snippets use of Bun and Deno, whose types are not installed here.

declare const Bun: {
  serve(options: {
    port: number;
    idleTimeout: number;
    fetch(request: Request): Promise<Response>;
  }): { readonly url: URL };
};

declare const Deno: {
  readonly env: { get(name: string): string | undefined };
  serve(options: { port: number }, handler: (request: Request) => Promise<Response>): unknown;
};
