// SPDX-License-Identifier: Apache-2.0
import { EventEmitter, once } from "node:events";
import type { RunningServer } from "connect-stream/node";
import { afterAll, beforeAll } from "vitest";
import { startServer } from "../../examples/server.js";

/** What handlers and clients logged. */
export class Log {
  readonly lines: string[] = [];
  readonly #written = new EventEmitter();

  readonly write = (line: string): void => {
    this.lines.push(line);
    this.#written.emit("line");
  };

  /** Resolves when `count` lines have matched. */
  async until(pattern: RegExp, count = 1, timeoutMs = 10_000): Promise<void> {
    const signal = AbortSignal.timeout(timeoutMs);
    while (this.count(pattern) < count) await once(this.#written, "line", { signal });
  }

  count(pattern: RegExp): number {
    return this.lines.filter((line) => pattern.test(line)).length;
  }
}

/** The server of the examples, while the tests of a file run. */
export function exampleServer(): {
  readonly log: Log;
  readonly url: string;
  readonly host: string;
} {
  const log = new Log();
  let server: RunningServer;
  beforeAll(async () => {
    server = await startServer(log.write);
  });
  afterAll(() => server.close({ graceMs: 0 }));
  return {
    log,
    get url() {
      return server.url;
    },
    get host() {
      return new URL(server.url).host;
    },
  };
}
