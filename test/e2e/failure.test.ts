// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError, type HandlerContext } from "@connectrpc/connect";
import { expect, it, vi } from "vitest";
import { describeEach } from "../support/clients/kinds.js";
import { all, type TestCall } from "../support/clients/test-client.js";
import { pair } from "../support/fixture.js";
import { failure, turn } from "../support/gate.js";
import { type Note, NoteSchema } from "../support/gen/lab/v1/lab_pb.js";
import { note } from "../support/note.js";

const TEXT = "größer als 100 % €\nnext line";
/** Characters of URLs, which grpc-js does not unescape. */
const ADDRESS = "no http://a.b/c?d=e&f#g: try 100%25, $h;i+j@k";

function richError(): ConnectError {
  return new ConnectError(TEXT, Code.OutOfRange, { "x-hint": "less", "x-raw-bin": "AAEC" }, [
    { desc: NoteSchema, value: note("a detail") },
  ]);
}

function expectRichError(error: ConnectError, details: boolean): void {
  expect(error.rawMessage).toBe(TEXT);
  expect(error.code).toBe(Code.OutOfRange);
  expect(error.metadata.get("x-hint")).toBe("less");
  expect(error.metadata.get("x-raw-bin")).toBe("AAEC");
  if (details) {
    expect(error.findDetails(NoteSchema).map(({ text }: Note) => text)).toEqual(["a detail"]);
  }
}

describeEach(({ wire, client: kind }) => {
  const combination = { wire, client: kind };
  // grpc-js leaves the details to others.
  const details = kind.name !== "grpc-js";

  it("the messages before an error arrive, and then the error as it was thrown", async () => {
    await using p = await pair(combination, {
      async download(_request, stream) {
        for (const text of ["a", "b", "c"]) void stream.send({ text });
        throw richError();
      },
      async chat(stream) {
        for (const text of ["a", "b", "c"]) await stream.send({ text });
        throw richError();
      },
    });
    const calls = [p.client.download({}), ...(wire.http === "2" ? [p.client.chat()] : [])];
    for (const call of calls) {
      for (const text of ["a", "b", "c"]) expect((await call.recv())?.text).toBe(text);
      expectRichError(await failure(call.recv()), details);
      if (kind.generated) expectRichError(await failure(call.recv()), details);
    }
    await p.lab.idle();
  });

  it("an error's text arrives to the letter", async () => {
    await using p = await pair(combination, {
      async download() {
        throw new ConnectError(ADDRESS, Code.NotFound);
      },
    });
    expect((await failure(p.client.download({}).recv())).rawMessage).toBe(ADDRESS);
  });

  it("an error without a message before it arrives as it was thrown", async () => {
    await using p = await pair(combination, {
      async unary() {
        throw richError();
      },
      async download() {
        throw richError();
      },
      async upload() {
        throw richError();
      },
    });
    expectRichError(await failure(p.client.unary({})), details);
    expectRichError(await failure(p.client.download({}).recv()), details);
    const upload = p.client.upload();
    upload.closeSend();
    expectRichError(await failure(upload.recv()), details);
    await p.lab.idle();
  });

  it.each([
    ["an Error", new Error("secret")],
    ["a string", "secret"],
    ["nothing", undefined],
  ])("a handler that throws %s fails the call, and tells nobody but onError", async (_, thrown) => {
    const seen: { error: unknown; context: HandlerContext }[] = [];
    const fail = async () => {
      throw thrown;
    };
    await using p = await pair(
      combination,
      { unary: fail, download: fail, upload: fail },
      { service: { onError: (error, context) => seen.push({ error, context }) } },
    );
    const upload = p.client.upload();
    upload.closeSend();
    const failures = [p.client.unary({}), p.client.download({}).recv(), upload.recv()];
    for (const error of await Promise.all(failures.map(failure))) {
      expect(error.code).toBe(Code.Internal);
      expect(JSON.stringify([error.message, [...error.metadata]])).not.toContain("secret");
    }
    expect(seen.map(({ error }) => error)).toEqual([thrown, thrown, thrown]);
    const names = seen.map(({ context }) => context.method.name);
    expect(names.sort()).toEqual(["Download", "Unary", "Upload"]);
  });

  it("a handler that throws before it returns a promise is one that throws", async () => {
    await using p = await pair(combination, {
      unary: () => {
        throw richError();
      },
      download: () => {
        throw richError();
      },
    });
    expectRichError(await failure(p.client.unary({})), details);
    expectRichError(await failure(p.client.download({}).recv()), details);
  });

  it.each([
    [
      "throws",
      () => {
        throw new Error("second");
      },
    ],
    ["rejects", () => Promise.reject(new Error("second"))],
  ])("an onError that %s harms nobody", async (_, onError) => {
    const printed = vi.spyOn(console, "error").mockReturnValue(undefined);
    try {
      const fail = async () => {
        throw new Error("first");
      };
      await using p = await pair(
        combination,
        { unary: fail, download: fail },
        { service: { onError } },
      );
      expect((await failure(p.client.unary({}))).code).toBe(Code.Internal);
      expect((await failure(p.client.download({}).recv())).code).toBe(Code.Internal);
      await turn();
      expect(printed).toHaveBeenCalledTimes(2);
    } finally {
      printed.mockRestore();
    }
  });

  it("an upload's handler that returns without an answer fails the call and says why", async () => {
    await using p = await pair(combination, {
      async upload(stream) {
        for await (const _ of stream);
      },
    });
    const call = p.client.upload();
    call.closeSend();
    const error = await failure(call.recv());
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain("sendAndClose");
  });

  it("a second sendAndClose rejects, and the first one counts", async () => {
    let second: ConnectError | undefined;
    await using p = await pair(combination, {
      async upload(stream) {
        await stream.sendAndClose({ text: "first" });
        second = await failure(stream.sendAndClose({ text: "second" }));
      },
    });
    const call = p.client.upload();
    call.closeSend();
    expect((await call.recv())?.text).toBe("first");
    expect(second?.message).toContain("sendAndClose");
  });

  it("an upload's handler that fails after its answer fails the call", async () => {
    await using p = await pair(combination, {
      async upload(stream) {
        await stream.sendAndClose({ text: "an answer" });
        throw richError();
      },
    });
    const call = p.client.upload();
    call.closeSend();
    expectRichError(await failure(call.recv()), details);
  });

  it("RPCs that a handler leaves out are unimplemented", async () => {
    await using p = await pair(combination, {});
    const upload = p.client.upload();
    upload.closeSend();
    const calls: Promise<unknown>[] = [
      p.client.unary({}),
      all(p.client.download({})),
      upload.recv(),
    ];
    if (wire.http === "2") calls.push(all(halfClosed(p.client.chat())));
    const errors = await Promise.all(calls.map(failure));
    expect(new Set(errors.map(({ code }) => code))).toEqual(new Set([Code.Unimplemented]));
    await p.lab.idle();
  });
});

function halfClosed(call: TestCall): TestCall {
  call.closeSend();
  return call;
}
