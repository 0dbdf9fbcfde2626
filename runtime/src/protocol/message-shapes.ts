// SPDX-License-Identifier: Apache-2.0
import { create, type DescMethod } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter } from "@bufbuild/protobuf/wire";
import { keepShape } from "../shapes.js";

keepShape(new BinaryReader(new Uint8Array()));
keepShape(new BinaryWriter());

/** Keeps the shapes of an RPC's messages. */
export function keepMessageShapes({ input, output }: Pick<DescMethod, "input" | "output">): void {
  for (const type of [input, output]) keepShape(create(type), type);
}
