// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { PeerServer, Wire } from "../interop/peer.js";
import type { ProxyKind } from "../interop/suite.js";

/** The addresses in the configuration files, as in `docs/proxies.md`. */
const HTTP2 = "127.0.0.1:8080";
const HTTP1 = "127.0.0.1:8081";
const SERVER = "127.0.0.1:9090";

export interface ProxyOptions {
  /** In the place of each "1h" of the configuration: how long streams may be idle. */
  readonly idle?: string;
}

/** nginx with `nginx.conf`. */
export function nginx(options: ProxyOptions = {}): ProxyKind {
  return {
    name: "nginx",
    missing: () => missing("nginx"),
    start: (server, wire) =>
      startProxy("nginx.conf", server, wire, options, (config, folder) => {
        const main = join(folder, "main.conf");
        writeFileSync(main, nginxMain(config, folder));
        return ["nginx", "-p", folder, "-c", main, "-e", "stderr"];
      }),
  };
}

/** What a distribution has in `/etc/nginx/nginx.conf`, for a user who is not root. */
function nginxMain(config: string, folder: string): string {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return [
    `daemon off; master_process off; pid ${folder}/pid; error_log stderr crit;`,
    "events { worker_connections 4096; }",
    "http {",
    "access_log off;",
    ...temporary.map((name) => `${name}_temp_path ${folder}/${name};`),
    `include ${config};`,
    "}",
  ].join("\n");
}

/** HAProxy with `haproxy.cfg`. */
export function haproxy(options: ProxyOptions = {}): ProxyKind {
  return {
    name: "HAProxy",
    missing: () => missing("haproxy"),
    start: (server, wire) =>
      startProxy("haproxy.cfg", server, wire, options, (config) => [
        "haproxy",
        "-db",
        "-f",
        config,
      ]),
  };
}

// Debian installs servers where only root looks.
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };

function missing(program: string): string | undefined {
  const { error } = spawnSync(program, ["-v"], { env });
  return error ? `${program} is not installed` : undefined;
}

async function startProxy(
  template: string,
  server: PeerServer,
  wire: Wire,
  { idle = "1h" }: ProxyOptions,
  commandFor: (config: string, folder: string) => [string, ...string[]],
): Promise<PeerServer> {
  const folder = mkdtempSync(join(tmpdir(), "proxy-"));
  const [http2Port, http1Port] = await freePorts();
  const config = join(folder, template);
  const text = readFileSync(fileURLToPath(new URL(template, import.meta.url)), "utf8");
  writeFileSync(
    config,
    text
      .replaceAll(HTTP2, `127.0.0.1:${http2Port}`)
      .replaceAll(HTTP1, `127.0.0.1:${http1Port}`)
      .replaceAll(SERVER, new URL(server.url).host)
      .replaceAll("1h", idle),
  );
  const [program, ...args] = commandFor(config, folder);
  const child = spawn(program, args, { env, stdio: ["ignore", "ignore", "inherit"] });
  const port = wire.http === "2" ? http2Port : http1Port;
  await listening(port, child);
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const exited = child.exitCode === null ? once(child, "exit") : undefined;
      child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true });
    },
  };
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()];
  const ports: number[] = [];
  for (const server of servers) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    ports.push((server.address() as AddressInfo).port);
  }
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports as [number, number];
}

/** Resolves when the program takes connections; neither proxy says so. */
async function listening(port: number, child: ChildProcess): Promise<void> {
  while (child.exitCode === null) {
    const socket = connect(port, "127.0.0.1");
    const connected = await new Promise<boolean>((resolve) => {
      socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    });
    socket.destroy();
    if (connected) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`the proxy has exited with ${child.exitCode}`);
}
