// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { valuesOf } from "../metadata.js";
import type { Metadata } from "../peer.js";
import { allKinds, byKind, forKinds, succeed } from "./calls.js";
import type { Case } from "./case.js";
import { unicode } from "./unicode.js";

/** Metadata that servers echo: text and bytes, in headers and trailers. */
export const metadata: Metadata = {
  "x-grpc-test-echo-initial": ["test_initial_metadata_value"],
  "x-grpc-test-echo-initial-bin": [Buffer.from(unicode).toString("base64")],
  "x-grpc-test-echo-trailing": ["one", "two"],
  "x-grpc-test-echo-trailing-bin": [Buffer.from([0xab, 0xab, 0xab]).toString("base64")],
};

/** Checks that `metadata` has come back. */
export function expectEchoed(at: Metadata, name: string): void {
  expect({ [name]: valuesOf(at, name) }).toEqual({ [name]: metadata[name] });
}

/** Metadata of calls that succeed. */
export const metadataCases: readonly Case[] = [
  ...forKinds(allKinds, "custom_metadata", async (bench, kind) => {
    const request = { echo: true, text: unicode };
    const { header, trailer } = await succeed(bench, byKind[kind], [request], {
      headers: metadata,
    });
    expectEchoed(header, "x-grpc-test-echo-initial");
    expectEchoed(header, "x-grpc-test-echo-initial-bin");
    expectEchoed(trailer, "x-grpc-test-echo-trailing");
    expectEchoed(trailer, "x-grpc-test-echo-trailing-bin");
  }),
];
