// SPDX-License-Identifier: Apache-2.0
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Code, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { failure } from "../support/gate.js";
import { type Files, repository } from "./harness.js";
import {
  createKeptServiceClient,
  type KeptServiceHandler,
  keptServiceErrors,
  registerKeptService,
} from "./old-output/0.1.0/gen/kept/v1/kept_stream.js";
import { compilations, typecheck } from "./typecheck.js";

// `old-output` has what a version of the generator wrote, in a folder named after it. It is never
// generated again: users have such files, too, and a newer runtime has to take them. When the
// output changes in more than its comments, add what was there before.

const { notKept, keeperBusy } = keptServiceErrors;

function connect(handler: Partial<KeptServiceHandler>) {
  return createKeptServiceClient(
    createRouterTransport((router) => void registerKeptService(router, handler)),
  );
}

describe("code that version 0.1.0 generated", () => {
  const folder = "test/plugin/old-output/0.1.0/gen/kept/v1";

  test.each(compilations)("compiles: TypeScript $typescript, $resolution", async (compilation) => {
    const files: Files = new Map();
    for (const name of await readdir(join(repository, folder))) {
      files.set(name, await readFile(join(repository, folder, name), "utf8"));
    }
    expect(typecheck(files, compilation)).toEqual([]);
  });

  test("answers a unary call, and repeats it as its policy says", async () => {
    let calls = 0;
    const client = connect({
      async read({ text }) {
        if (++calls < 3) throw keeperBusy();
        return { text: `${text}, kept` };
      },
    });
    expect(await client.read({ text: "a note" })).toMatchObject({ text: "a note, kept" });
    expect(calls).toBe(3);
  });

  test("streams from the server, with declared errors", async () => {
    const client = connect({
      async watch({ text }, stream) {
        await stream.send({ text });
        throw notKept("no such note");
      },
    });
    const stream = client.watch({ text: "a note" });
    expect(await stream.recv()).toMatchObject({ text: "a note" });
    const error = await failure(stream.recv());
    expect(notKept.is(error)).toBe(true);
    expect(error.rawMessage).toBe("no such note");
  });

  test("streams to the server, after initial metadata, within the limits of its policy", async () => {
    const client = connect({
      async upload({ user }, stream) {
        let text = user;
        for await (const note of stream) text += note.text;
        await stream.sendAndClose({ text });
      },
    });
    const stream = client.upload({ user: "ada" });
    await stream.send({ text: ": a note" });
    expect(await stream.closeAndRecv()).toMatchObject({ text: "ada: a note" });

    const large = client.upload({ user: "ada" });
    // It rejects, or has been on its way: the limit is the server's.
    large.send({ text: "x".repeat(3000) }).catch(() => {});
    expect((await failure(large.closeAndRecv())).code).toBe(Code.ResourceExhausted);
  });

  test("streams both ways, by a member of another name", async () => {
    const client = connect({
      async then$(stream) {
        for await (const { text } of stream) await stream.send({ text });
      },
    });
    const stream = client.then$();
    await stream.send({ text: "a note" });
    await stream.closeSend();
    expect(await stream.recv()).toMatchObject({ text: "a note" });
    expect(await stream.recv()).toBeUndefined();
  });
});
