// SPDX-License-Identifier: Apache-2.0
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { grpcOn2, type Peer } from "../peer.js";
import { dialChild, startChild } from "./child.js";

const folder = fileURLToPath(new URL("../../../.tmp/interop/java", import.meta.url));
const classes = join(folder, "classes");
/** Started often, for moments: without a compiler that pays off later. */
const quick = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];
const classPath = [classes, join(folder, "lib/*")].join(delimiter);
const command = ["java", ...quick, "-cp", classPath, "Peer"] as const;

/** grpc-java on Netty, with its generated servers. */
export const grpcJava: Peer = {
  name: "grpc-java",
  missing: () =>
    existsSync(join(classes, "Peer.class"))
      ? undefined
      : "test/interop/java/build.sh has not been run",
  client: { wires: [grpcOn2], dial: (options) => dialChild(command, options) },
  server: { wires: [grpcOn2], start: () => startChild(command) },
};
