// SPDX-License-Identifier: Apache-2.0
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { file_interop_v1_interop } from "../gen/interop/v1/interop_pb.js";
import { grpcOn2, type Peer } from "../peer.js";
import { dialChild, startChild } from "./child.js";

/** Debian's: `python3-grpcio` installs for it, and not for a Python of the user's. */
const interpreter = "/usr/bin/python3";
const program = fileURLToPath(new URL("../python/peer.py", import.meta.url));
/** Python makes its messages of the descriptors that generated code has. */
const descriptors = toBinary(
  FileDescriptorSetSchema,
  create(FileDescriptorSetSchema, {
    file: [...file_interop_v1_interop.dependencies, file_interop_v1_interop].map(
      ({ proto }) => proto,
    ),
  }),
);
// -B: writes no compiled files into the repository.
const command = [interpreter, "-B", program, Buffer.from(descriptors).toString("base64")] as const;

/** gRPC's C core, by its Python API. */
export const python: Peer = {
  name: "grpc-python",
  missing() {
    const { status } = spawnSync(interpreter, ["-c", "import grpc, google.protobuf"]);
    return status === 0 ? undefined : "the Debian package python3-grpcio is not installed";
  },
  client: { wires: [grpcOn2], dial: (options) => dialChild(command, options) },
  server: { wires: [grpcOn2], start: () => startChild(command) },
};
