// SPDX-License-Identifier: Apache-2.0
import type { Combination } from "./clients/kinds.js";
import type { TestClient } from "./clients/test-client.js";
import type { LabServiceHandler } from "./gen/lab/v1/lab_stream.js";
import { type Lab, type LabOptions, startLab } from "./lab.js";

/** A server and a client of it. */
export interface Pair extends AsyncDisposable {
  readonly lab: Lab;
  readonly client: TestClient;
}

/** Serves `handler` and connects a client, through a proxy that can break if `fragile`. */
export async function pair(
  { wire, client: kind }: Pick<Combination, "wire" | "client">,
  handler: Partial<LabServiceHandler>,
  options: Omit<LabOptions, "http"> & { fragile?: boolean } = {},
): Promise<Pair> {
  const lab = await startLab(handler, { ...options, http: wire.http });
  const client = kind.create(options.fragile ? lab.fragileUrl : lab.url, wire);
  return {
    lab,
    client,
    async [Symbol.asyncDispose]() {
      client.close();
      await lab[Symbol.asyncDispose]();
    },
  };
}
