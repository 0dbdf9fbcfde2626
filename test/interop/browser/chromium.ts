// SPDX-License-Identifier: Apache-2.0
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { gate } from "../../support/gate.js";
import type { PageReport, Question } from "./result.js";

const programs = ["chromium-headless-shell", "chromium"];

/** Chromium's command, if it is here. */
export const chromium: string | undefined = programs.find(
  (program) => spawnSync(program, ["--version"]).error === undefined,
);

// Nothing of what a browser does by itself; the certificate of the tests is signed by nobody.
const flags = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--ignore-certificate-errors",
  "--remote-debugging-port=0", // Without a debugger to wait for, it ends at once.
];

/** The server of the page, and what the page sends home. */
export interface PageServer extends AsyncDisposable {
  readonly origin: string;
  readonly report: Promise<PageReport>;
  /** What the page is to do, when it asks. */
  setQuestions(questions: readonly Question[], stranger: string): void;
}

/** Serves page.ts. */
export async function servePage(): Promise<PageServer> {
  const entry = fileURLToPath(new URL("page.ts", import.meta.url));
  const bundled = await build({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
  });
  const script = bundled.outputFiles[0]?.text ?? "";
  const report = gate<PageReport>();
  let questions = "";
  const server = createServer(async (request, response) => {
    const send = (type: string, body: string) => response.setHeader("content-type", type).end(body);
    switch (request.url) {
      case "/":
        return send("text/html", '<script type="module" src="/page.js"></script>');
      case "/page.js":
        return send("text/javascript", script);
      case "/questions":
        return send("application/json", questions);
      case "/result":
        report.resolve(JSON.parse(await text(request)));
        return response.end();
      default:
        return response.writeHead(404).end();
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    report: report.promise,
    setQuestions(list, stranger) {
      questions = JSON.stringify({ questions: list, stranger });
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Opens `url` in a browser of its own. */
export function openBrowser(program: string, url: string): AsyncDisposable {
  const profile = mkdtempSync(join(tmpdir(), "chromium-"));
  const child = spawn(program, [...flags, `--user-data-dir=${profile}`, url], {
    stdio: "ignore",
    detached: true, // Its processes are a group, to end together.
  });
  const closed = once(child, "close");
  const kill = () => {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  };
  process.once("exit", kill);
  return {
    async [Symbol.asyncDispose]() {
      process.off("exit", kill);
      kill();
      await closed;
      rmSync(profile, { recursive: true, maxRetries: 10 });
    },
  };
}
