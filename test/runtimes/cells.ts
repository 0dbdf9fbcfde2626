// SPDX-License-Identifier: Apache-2.0
// The rows of the matrix: which program runs on which runtime, and who calls it.
import type { ClientTask } from "./client-program.js";
import { type Column, columns } from "./scenarios.js";

export type Runtime = "Node.js" | "Bun" | "Deno" | "workerd";

/** One row: a server and a client, one of which is on the runtime that it is about. */
export interface Row extends Pick<ClientTask, "protocol" | "httpVersion"> {
  readonly runtime: Runtime;
  readonly entryPoint: string;
  /** The programs, of the folder with the bundles. */
  readonly server: "serve" | "bun" | "deno" | "worker";
  readonly tls?: boolean;
  /** The client runs on the runtime, and the server on Node.js. */
  readonly isClient?: boolean;
  readonly columns: readonly Column[];
}

/** Bidirectional streams, and the scenario that is one. */
export const needsDuplex: readonly Column[] = ["bidirectional", "headers first"];

/** These need HTTP/2 but on hosts of `fetch`, which may stream over 1.1 too. */
const withoutBidi = columns.filter((column) => !needsDuplex.includes(column));

const grpc2 = { protocol: "grpc", httpVersion: "2", columns } as const;
const connect1 = { protocol: "connect", httpVersion: "1.1", columns: withoutBidi } as const;

const nodeLike: readonly Runtime[] = ["Node.js", "Bun", "Deno"];

function nodeRows(runtime: Runtime): Row[] {
  const rows: Row[] = [];
  for (const tls of [false, true]) {
    const how = tls ? "TLS" : "clear text";
    const shared = { runtime, server: "serve", tls } as const;
    for (const wire of [grpc2, connect1]) {
      const version = `HTTP/${wire.httpVersion}, ${how}`;
      rows.push({ ...shared, ...wire, entryPoint: `\`serve\`, ${version}` });
      const entryPoint = `\`createStreamTransport\`, ${version}`;
      rows.push({ ...shared, ...wire, isClient: true, entryPoint });
    }
  }
  return rows.sort((a, b) => Number(a.isClient ?? false) - Number(b.isClient ?? false));
}

const hosts = [
  { runtime: "Bun", server: "bun", host: "`Bun.serve`", versions: ["1.1"] },
  { runtime: "Deno", server: "deno", host: "`Deno.serve`", versions: ["1.1", "2"] },
  { runtime: "workerd", server: "worker", host: "Worker", versions: ["1.1"] },
] as const;

const fetchProtocols = [
  ["connect", "Connect"],
  ["grpc-web", "gRPC-Web"],
] as const;

function fetchRows(runtime: Runtime): Row[] {
  return hosts
    .filter((host) => host.runtime === runtime)
    .flatMap(({ server, host, versions }) =>
      versions.flatMap((httpVersion) =>
        fetchProtocols.map(([protocol, name]) => ({
          runtime,
          server,
          protocol,
          httpVersion,
          columns,
          entryPoint: `\`createFetchHandler\`, ${host}, ${name}, HTTP/${httpVersion}`,
        })),
      ),
    );
}

/** All rows of a runtime. */
export function rowsOf(runtime: Runtime): Row[] {
  return [...(nodeLike.includes(runtime) ? nodeRows(runtime) : []), ...fetchRows(runtime)];
}
