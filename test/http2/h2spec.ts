// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation `npx tsx test/http2/h2spec.ts`: all cases of h2spec against the core. Needs Go. */
import { execFile, execFileSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { HeaderList, noEvents } from "../../runtime/src/http2/index.js";
import { listen, noConnectionEvents } from "./support/net-host.js";

const MODULE = "github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible";
const tools = resolve(import.meta.dirname, "../../.tmp/h2spec");
const h2spec = join(tools, "h2spec");

/** Cases look at content that answers a request, and at windows for it. */
const head = HeaderList.of([[":status", "200"]]);
const body = new TextEncoder().encode("hello");

function install(): void {
  if (existsSync(h2spec)) return;
  mkdirSync(tools, { recursive: true });
  // In a folder of its own, so that no go.mod of a parent is asked.
  execFileSync("go", ["install", MODULE], {
    cwd: tools,
    env: { ...process.env, GOBIN: tools },
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** What h2spec prints, whether or not all cases pass. */
async function run(port: number): Promise<string> {
  const args = ["-h", "127.0.0.1", "-p", String(port), "-o", "5"];
  try {
    return (await promisify(execFile)(h2spec, args)).stdout;
  } catch (error) {
    if (error instanceof Error && "stdout" in error) return String(error.stdout);
    throw error;
  }
}

install();
const { server, port } = await listen(() => ({
  ...noConnectionEvents,
  onRequest(stream) {
    stream.events = {
      ...noEvents,
      onEnd() {
        stream.respond(head);
        stream.write(body);
        stream.end();
        stream.release();
      },
      onFail: () => stream.release(),
    };
  },
}));
const output = await run(port);
server.close();
const failures = output.indexOf("Failures:");
if (failures >= 0) console.error(output.slice(failures));
const counts = /(\d+) passed, (\d+) skipped, (\d+) failed/.exec(output);
const [passed = 0, skipped = 0, failed = 0] = (counts ?? []).slice(1).map(Number);
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
if (passed === 0 || failed > 0 || skipped > 0) process.exitCode = 1;
