// SPDX-License-Identifier: Apache-2.0
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createStreamTransport, type StreamTransportOptions } from "connect-stream/node";
import {
  createTestServiceClient,
  type TestServiceClient,
} from "../interop/gen/interop/v1/interop_stream.js";
import type { Wire } from "../interop/peer.js";
import { required } from "../interop/required.js";

/** Where a proxy listens on 127.0.0.1, and where the server does: as the configuration files have it. */
const PORTS = { http2: 8080, http1: 8081, tcp: 8082, grpcWeb: 8083 };
const SERVER_PORT = 9090;
type Port = keyof typeof PORTS;
/** A port that was free may be taken a moment later. */
const TRIES = 3;

/** A proxy that runs: the URL of each of its ports, of which not every proxy has all. */
export interface RunningProxy extends Readonly<Record<Port, string>> {
  close(): Promise<void>;
}

/** How a proxy is started with its configuration file. */
export interface ProxyProgram {
  readonly name: string;
  readonly config: string;
  /** How its configuration file says how long streams may be silent. */
  readonly idle: string;
  /** Where it listens. */
  readonly ports: readonly Port[];
  arguments(config: string, folder: string): string[];
}

/** nginx with `nginx.conf`. */
export const nginx: ProxyProgram = {
  name: "nginx",
  config: "nginx.conf",
  idle: "1h",
  ports: ["http2", "http1"],
  arguments(config, folder) {
    const main = join(folder, "main.conf");
    writeFileSync(main, nginxMain(config, folder));
    return ["-p", folder, "-c", main, "-e", "stderr"];
  },
};

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
export const haproxy: ProxyProgram = {
  name: "haproxy",
  config: "haproxy.cfg",
  idle: "1h",
  ports: ["http2", "http1", "tcp"],
  arguments: (config) => ["-db", "-f", config],
};

/** Envoy with `envoy.yaml`. */
export const envoy: ProxyProgram = {
  name: "envoy",
  config: "envoy.yaml",
  idle: "3600s",
  ports: ["http2", "http1", "grpcWeb"],
  arguments: (config) => ["-c", config, "--disable-hot-restart", "--log-level", "off"],
};

// Debian installs servers where only root looks; `.ci/interop.sh` installs Envoy.
const installed = fileURLToPath(new URL("../../.tmp/interop/envoy/envoy/_bin", import.meta.url));
const env = {
  ...process.env,
  PATH: [process.env.PATH, "/usr/sbin", "/usr/local/sbin", installed].join(delimiter),
};

/** Why the program cannot be used here, if it cannot. */
export function missing({ name }: ProxyProgram): string | undefined {
  const { error } = spawnSync(name, ["-v"], { env });
  return error ? `${name} is not installed` : undefined;
}

/** Whether tests of the program are skipped because it is missing. */
export function skips(program: ProxyProgram): boolean {
  const reason = missing(program);
  if (reason === undefined || required(program.name)) return false;
  console.warn(`skipped: ${reason}`);
  return true;
}

/** Starts it in front of the server at `url`. `idle` is how long streams may be silent. */
export async function startProxy(
  program: ProxyProgram,
  url: string,
  idle = program.idle,
): Promise<RunningProxy> {
  for (let tries = 1; ; tries++) {
    try {
      return await tryToStart(program, url, idle);
    } catch (error) {
      if (tries === TRIES) throw error;
    }
  }
}

async function tryToStart(program: ProxyProgram, url: string, idle: string): Promise<RunningProxy> {
  const folder = mkdtempSync(join(tmpdir(), "proxy-"));
  const ports = await freePorts();
  const config = join(folder, program.config);
  const numbers = new Map([...ports].map(([name, port]) => [String(PORTS[name]), String(port)]));
  numbers.set(String(SERVER_PORT), new URL(url).port);
  const text = readFileSync(fileURLToPath(new URL(program.config, import.meta.url)), "utf8")
    .replaceAll(/\b\d{4}\b/g, (number) => numbers.get(number) ?? number)
    .replaceAll(program.idle, idle);
  writeFileSync(config, text);
  const child = spawn(program.name, program.arguments(config, folder), {
    env,
    stdio: ["ignore", "ignore", "inherit"],
  });
  // Whatever ends this process ends the proxy.
  const kill = () => void child.kill("SIGKILL");
  process.once("exit", kill);
  const close = async () => {
    const runs = child.pid !== undefined && child.exitCode === null;
    const exited = runs ? once(child, "exit") : undefined;
    kill();
    await exited;
    process.off("exit", kill);
    rmSync(folder, { recursive: true });
  };
  const urlOf = (name: Port) => `http://127.0.0.1:${ports.get(name)}`;
  const urls = {
    http2: urlOf("http2"),
    http1: urlOf("http1"),
    tcp: urlOf("tcp"),
    grpcWeb: urlOf("grpcWeb"),
  };
  const up = Promise.all(program.ports.map((name) => listening(new URL(urls[name]), child)));
  await up.catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return { ...urls, close };
}

/** A client of ours on one of a proxy's ports. */
export function clientOf(url: string, { protocol, http }: Wire): TestServiceClient {
  const options = { baseUrl: url, protocol, httpVersion: http } as StreamTransportOptions;
  return createTestServiceClient(createStreamTransport(options));
}

/** Ports that were free a moment ago. */
async function freePorts(): Promise<Map<Port, number>> {
  const names = Object.keys(PORTS) as Port[];
  const servers = await Promise.all(names.map(() => listen()));
  const numbers = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return new Map(names.map((name, at) => [name, numbers[at] ?? 0]));
}

function listen(): Promise<Server> {
  const server = createServer();
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

/** Resolves when the program takes connections; no proxy says so. */
async function listening(url: URL, child: ChildProcess): Promise<void> {
  let failure: Error | undefined;
  child.once("error", (error) => {
    failure = error;
  });
  child.once("exit", (code) => {
    failure = new Error(`${child.spawnfile} has exited with ${code}`);
  });
  while (!(await connects(url))) {
    if (failure) throw failure;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

async function connects({ hostname, port }: URL): Promise<boolean> {
  const socket = connect(Number(port), hostname);
  const connected = await new Promise<boolean>((resolve) => {
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
  });
  socket.destroy();
  return connected;
}
