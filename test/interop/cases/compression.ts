// SPDX-License-Identifier: Apache-2.0
import { expect } from "vitest";
import { allKinds, byKind, requests, zeros } from "./calls.js";
import type { Case, Kind } from "./case.js";

const MIB = 1024 * 1024;
/** More than anything else of a call takes, far less than a message. */
const LITTLE = 100 * 1024;

function compressed(side: "client" | "server", kind: Kind): Case {
  const suffix = kind === "unary" ? "unary" : "streaming";
  return {
    name: `${side}_compressed_${suffix} (${kind})`,
    kind,
    async run(bench) {
      const { call, bytes } = await bench.metered(byKind[kind]);
      const payload = zeros(side === "client" ? MIB : 0);
      await call.send(requests({ payload, responseSizes: side === "server" ? [MIB] : [1] }));
      await call.closeSend();
      const [response] = await call.recv(1);
      expect(await call.end()).toMatchObject({ code: 0 });
      expect(response?.payload.length).toBe(side === "server" ? MIB : 1);
      const { up, down } = bytes();
      expect(side === "client" ? up : down).toBeLessThan(LITTLE);
    },
  };
}

/** Either side compresses, in all kinds of RPC. */
export const compressionCases: readonly Case[] = allKinds.flatMap((kind) => [
  compressed("client", kind),
  compressed("server", kind),
]);
