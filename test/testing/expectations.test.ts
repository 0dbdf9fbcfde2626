// SPDX-License-Identifier: Apache-2.0
// What a script takes for the message that it expects.
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { type Expected, ScriptError, testCall } from "connect-stream/testing";
import { expect, it } from "vitest";
import { Color, ShapesSchema, ShapesService } from "../support/gen/lab/v1/shapes_pb.js";

type Init = MessageInitShape<typeof ShapesSchema>;

/** Sends `sent` through an echo; the error of a script that expects `expected`, if there is one. */
async function fault(
  sent: Init,
  expected: Expected<typeof ShapesSchema>,
): Promise<ScriptError | undefined> {
  await using call = testCall(ShapesService.method.echo, async (stream) => {
    for await (const message of stream) await stream.send(message);
  });
  try {
    await call.play([{ send: sent }, { recv: expected }]);
    return undefined;
  } catch (error) {
    if (error instanceof ScriptError) return error;
    throw error;
  }
}

const whole: Init = {
  single: 0.1,
  double: 0.1,
  maybe: 0,
  data: new Uint8Array([1, 2]),
  color: Color.RED,
  inner: { double: 1, data: new Uint8Array([3]) },
  singles: [0.1, 0.2],
  many: [{ double: 1, maybe: 1 }, { double: 2 }],
  numbers: { a: 0.1 },
  byId: { 7: { double: 1, maybe: 1 } },
  choice: { case: "message", value: { double: 1, maybe: 1 } },
  wrapped: "w",
  json: { a: [1, { b: null }] },
};

const right: Record<string, Expected<typeof ShapesSchema>> = {
  "nothing in particular": {},
  "a float": { single: 0.1 },
  "fields of most kinds": { double: 0.1, maybe: 0, data: new Uint8Array([1, 2]), color: Color.RED },
  "a part of a message": { inner: { double: 1 } },
  "all of it": whole,
  "parts of messages in a list": { many: [{ double: 1 }, {}] },
  floats: { singles: [0.1, 0.2], numbers: { a: 0.1 } },
  "parts of messages in a map": { byId: { 7: { maybe: 1 } } },
  "a part of a message in a oneof": { choice: { case: "message", value: { double: 1 } } },
  "what protobuf-es unwraps": { wrapped: "w", json: { a: [1, { b: null }] } },
  "a whole message": create(ShapesSchema, whole),
  "a function": ({ double }) => double === 0.1,
};

it.each(Object.entries(right))("accepts %s", async (_, expected) => {
  expect(await fault(whole, expected)).toBeUndefined();
});

const wrong: Record<string, Expected<typeof ShapesSchema>> = {
  "another number": { double: 0.2 },
  "another enum value": { color: Color.UNSPECIFIED },
  "a field that is not set": { maybe: undefined },
  "other bytes": { data: new Uint8Array([1, 2, 3]) },
  "a part of another message": { inner: { double: 2 } },
  "an inner field that is not set": { inner: { maybe: 1 } },
  "a shorter list": { many: [{ double: 1 }] },
  "a longer list": { singles: [0.1, 0.2, 0.3] },
  "another map": { byId: { 8: {} } },
  "another case": { choice: { case: "text", value: "" } },
  "no case": { choice: { case: undefined } },
  "a whole message with less": create(ShapesSchema, { ...whole, wrapped: undefined }),
  "a function that says no": () => false,
};

it.each(Object.entries(wrong))("does not accept %s", async (_, expected) => {
  expect(await fault(whole, expected)).toBeInstanceOf(ScriptError);
});

it("a field that is to be unset, and is", async () => {
  expect(await fault({ double: 1 }, { maybe: undefined, inner: undefined })).toBeUndefined();
  const rounded = { choice: { case: "rounded", value: 0.1 } } as const;
  expect(await fault(rounded, rounded)).toBeUndefined();
});

it("leaves the expected message as it was", async () => {
  const expected = create(ShapesSchema, { single: 0.1, inner: { single: 0.1 } });
  expect(await fault({ single: 0.1, inner: { single: 0.1 } }, expected)).toBeUndefined();
  expect([expected.single, expected.inner?.single]).toEqual([0.1, 0.1]);
});

it("says what is different, and no more than was asked for", async () => {
  const error = await fault(whole, {
    double: 0.1,
    inner: { double: 2, data: new Uint8Array(20) },
    many: [{ double: 1 }],
    choice: { case: "message", value: { double: 1 } },
  });
  expect(error?.message).toBe(
    `step 2 of 2 (recv) of lab.v1.ShapesService.Echo (- expected, + got)
  {
    double: 0.1,
    inner: {
-     double: 2,
-     data: 20 bytes 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 …,
+     double: 1,
+     data: 1 bytes 03,
    },
    many: [
      {
        double: 1,
      },
+     {
+       double: 2,
+     },
    ],
    choice: {
      case: "message",
      value: {
        double: 1,
      },
    },
  }`,
  );
});

/** As JavaScript writes them, and TypeScript where a type was asserted. */
const misspelt: Record<string, [expected: object, field: string]> = {
  "a field": [{ duoble: 0.1 }, "duoble"],
  "the name of the schema": [{ by_id: {} }, "by_id"],
  "a field beside right ones": [{ double: 0.1, tripel: 1 }, "tripel"],
  "a field of a message": [{ inner: { duoble: 1 } }, "inner.duoble"],
  "a field in a list": [{ many: [{ double: 1 }, { duoble: 2 }] }, "many.1.duoble"],
  "a field in a map": [{ byId: { 7: { duoble: 1 } } }, "byId.7.duoble"],
  "a case": [{ choice: { case: "mesage", value: {} } }, "choice.mesage"],
  "a field in a case": [
    { choice: { case: "message", value: { duoble: 1 } } },
    "choice.message.duoble",
  ],
};

it.each(Object.entries(misspelt))("names %s that does not exist", async (_, [expected, field]) => {
  const error = await fault(whole, expected as Expected<typeof ShapesSchema>);
  expect(error?.message).toBe(
    `step 2 of 2 (recv) of lab.v1.ShapesService.Echo: lab.v1.Shapes has no field ${field}`,
  );
});
