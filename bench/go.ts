// SPDX-License-Identifier: Apache-2.0
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const repository = fileURLToPath(new URL("..", import.meta.url));

/** Where `buildGoPeers` puts the program of `peers/go`, in the repository. */
const folder = ".tmp/bench/bin";

/** The program of grpc-go and connect-go. */
export const goProgram = `${repository}${folder}/peer`;

/** Builds the Go peers. Returns why that is not possible on this machine, if it is not. */
export function buildGoPeers(): string | undefined {
  if (spawnSync("go", ["version"]).error) return "there is no go in PATH";
  const script = `${repository}.ci/build-go-peer.sh`;
  const { status, stderr, stdout, error } = spawnSync(script, ["bench/peers/go", folder], {
    encoding: "utf8",
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`the Go peers do not build:\n${stdout}${stderr}`);
  return undefined;
}

/** The versions of Go, grpc-go and connect-go that the program was built with. */
export function goVersions(): Record<string, string> {
  return JSON.parse(execFileSync(goProgram, ["versions"], { encoding: "utf8" }));
}
