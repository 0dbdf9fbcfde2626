// SPDX-License-Identifier: Apache-2.0
import "./support/seed.js";
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { PieceQueue } from "../../runtime/src/http2/piece-queue.js";

it("a queue of pieces keeps their order, whatever is taken when", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -40, max: 40 }), { maxLength: 60 }), (steps) => {
      const queue = new PieceQueue();
      const model: Uint8Array[] = [];
      let n = 0;
      for (const step of steps) {
        for (let i = 0; i < step; i++) {
          const piece = Uint8Array.of(n++ & 255);
          queue.push(piece);
          model.push(piece);
        }
        for (let i = 0; i > step; i--) expect(queue.shift()).toBe(model.shift());
        expect(queue.length).toBe(model.length);
      }
    }),
  );
});
