// SPDX-License-Identifier: Apache-2.0
// A `contextValues` that gives none: the request fails, with an answer, and whoever runs the server is told.
import { Code, ConnectError } from "@connectrpc/connect";
import { afterEach, beforeEach, describe, expect, it, type MockInstance, vi } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

const refused = new ConnectError("not you", Code.Unauthenticated);
const broken = new Error("the database is away");
const promise = "contextValues must return ContextValues, not a promise";

/** What it does; the code for the client; what the server is told. */
const kinds: readonly (readonly [string, () => unknown, Code, unknown])[] = [
  ["throws", fail(broken), Code.Internal, broken],
  ["throws a ConnectError", fail(refused), Code.Unauthenticated, undefined],
  ["is async", async () => undefined, Code.Internal, told(promise)],
  ["is async and rejects", async () => fail(broken)(), Code.Internal, told(promise)],
  ["gives null", () => null, Code.Internal, told("not null")],
  ["gives something else", () => "values", Code.Internal, told('not "values"')],
];

function fail(error: Error): () => never {
  return () => {
    throw error;
  };
}

function told(text: string): unknown {
  return expect.objectContaining({ name: "TypeError", message: expect.stringContaining(text) });
}

let printed: MockInstance<typeof console.error>;

beforeEach(() => {
  printed = vi.spyOn(console, "error").mockReturnValue(undefined);
});

afterEach(() => printed.mockRestore());

describe.each(wires.map((wire) => [wire.name, wire] as const))("%s", (_, wire) => {
  it.each(kinds)("one that %s fails its request", async (_, contextValues, code, error) => {
    let handled = 0;
    const handle = async () => {
      handled++;
      return {};
    };
    const errors: unknown[] = [];
    await using lab = await startLab(
      { unary: handle, async download() {}, async upload() {} },
      {
        http: wire.http,
        adapter: { contextValues: contextValues as never },
        service: { onError: (thrown) => errors.push(thrown) },
      },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    const calls = [client.unary({}), client.download({}).recv(), client.upload().closeAndRecv()];
    const failures = await Promise.all(calls.map(failure));
    expect(failures.map((failed) => failed.code)).toEqual([code, code, code]);
    expect(handled).toBe(0);
    expect(errors).toEqual(error === undefined ? [] : calls.map(() => error));
    expect(printed).not.toHaveBeenCalled();
  });

  it("without onError it is printed", async () => {
    await using lab = await startLab(
      {},
      { http: wire.http, adapter: { contextValues: fail(broken) as never } },
    );
    const client = createLabServiceClient(ourTransport(lab.url, wire));
    expect(await failure(client.unary({}))).toMatchObject({ code: Code.Internal });
    expect(printed).toHaveBeenCalledExactlyOnceWith(expect.stringContaining("Unary"), broken);
  });
});
