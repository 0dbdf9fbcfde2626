// SPDX-License-Identifier: Apache-2.0
import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ourTransport } from "../support/clients/transports.js";
import { failure, gate } from "../support/gate.js";
import { createLabServiceClient } from "../support/gen/lab/v1/lab_stream.js";
import { type Lab, type LabOptions, startLab } from "../support/lab.js";
import { wires } from "../support/wires.js";

describe.each(wires)("$name", (wire) => {
  const client = (lab: Lab) => createLabServiceClient(ourTransport(lab.url, wire));

  it("a field may be called constructor", async () => {
    await using lab = await startLab(
      {
        async download(_request, { context }) {
          expect(context.requestHeader.get("constructor")).toBe("asked");
          context.responseHeader.set("constructor", "begun");
          context.responseTrailer.set("constructor", "done");
        },
      },
      { http: wire.http },
    );
    const call = client(lab).download({}, { headers: [["constructor", "asked"]] });
    expect(await call.recv()).toBeUndefined();
    expect((await call.header).get("constructor")).toBe("begun");
    expect((await call.trailer).get("constructor")).toBe("done");
  });

  it("and a response header __proto__", async () => {
    await using lab = await startLab(
      {
        async download(_request, { context }) {
          context.responseHeader.set("__proto__", "begun");
        },
      },
      { http: wire.http },
    );
    expect((await client(lab).download({}).header).get("__proto__")).toBe("begun");
  });

  it("a handler's header that HTTP does not allow fails the call", async () => {
    const reported: unknown[] = [];
    const options: LabOptions = {
      http: wire.http,
      service: { onError: (error) => reported.push(error) },
    };
    const sent = gate<unknown>();
    await using lab = await startLab(
      {
        async download(_request, stream) {
          stream.context.responseHeader.set("x-a", "a\x01b");
          stream.sendHeaders();
          sent.resolve(await failure(stream.send({})));
        },
        async upload(stream) {
          stream.context.responseHeader.set("x-a", "a\x01b");
          await stream.sendAndClose({});
        },
      },
      options,
    );
    const error = await failure(client(lab).download({}).recv());
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toContain('"x-a"');
    expect(await sent.promise).toMatchObject({ code: Code.Internal });
    expect((await failure(client(lab).upload().closeAndRecv())).code).toBe(Code.Internal);
    expect(reported).toHaveLength(2);
    await lab.idle();
  });

  it.runIf(wire.protocol === "grpc")("and so does a trailer", async () => {
    const reported: unknown[] = [];
    await using lab = await startLab(
      {
        async download(_request, stream) {
          stream.context.responseTrailer.set("x-a", "a\x01b");
        },
      },
      { http: wire.http, service: { onError: (error) => reported.push(error) } },
    );
    expect((await failure(client(lab).download({}).recv())).code).toBe(Code.Internal);
    expect(reported).toHaveLength(1);
  });
});
