// SPDX-License-Identifier: Apache-2.0
import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { connect } from "../../runtime/dist/protocol/connect.js";
import { noFields } from "../../runtime/dist/protocol/fields.js";

/** What a client is told of the end of a stream. */
function errorOf(end: unknown): ConnectError | undefined {
  const envelope = new TextEncoder().encode(JSON.stringify(end));
  try {
    const head = { compression: null, hasStatus: false };
    connect.validateEnd({ header: noFields, head, trailer: noFields, empty: true, envelope });
    return undefined;
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
}

describe("the end of a Connect stream", () => {
  it.each(["__proto__", "constructor", "toString", "no_such_code", "5", ""])(
    "with the code %j is unknown, and keeps its message, details and metadata",
    (code) => {
      const details = [{ type: "lab.v1.Note", value: "" }];
      const error = errorOf({ error: { code, message: "so", details }, metadata: { x: ["y"] } });
      expect(error).toMatchObject({ code: Code.Unknown, rawMessage: "so", details: [{}] });
      expect(error?.message).toBe("[unknown] so");
      expect(error?.metadata.get("x")).toBe("y");
    },
  );

  it("with a code of the protocol has that code", () => {
    expect(errorOf({ error: { code: "not_found" } })?.code).toBe(Code.NotFound);
    expect(errorOf({})).toBeUndefined();
  });
});
