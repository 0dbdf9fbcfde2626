// SPDX-License-Identifier: Apache-2.0
// What comes and goes all the time must not pile up until a full garbage collection.
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { beforeAll, expect, it } from "vitest";
import type { Http2Stream } from "../../runtime/src/http2/index.js";
import { OpenStreams } from "../../runtime/src/http2/open-streams.js";
import { LinkedQueue, Queued } from "../../runtime/src/linked-queue.js";

let collect: (options?: { type: "minor" }) => void;

beforeAll(() => {
  setFlagsFromString("--expose-gc");
  collect = runInNewContext("gc");
});

class Item extends Queued<Item> {
  readonly id: number;
  readonly data: readonly number[];

  constructor(id: number) {
    super();
    this.id = id;
    this.data = new Array(100).fill(id);
  }
}

const oldSpace = () =>
  getHeapSpaceStatistics().find((space) => space.space_name === "old_space")?.space_used_size ?? 0;

/** What becomes old while many come and go, in MiB: each minor collection finds some. */
function agedMiB(add: (item: Item) => void, remove: (item: Item) => void): number {
  const there: Item[] = [];
  let count = 0;
  const come = () => {
    const item = new Item(2 * ++count + 1);
    there.push(item);
    add(item);
  };
  for (let i = 0; i < 20; i++) come();
  collect();
  // What is there by now becomes old itself.
  for (let i = 0; i < 3; i++) collect({ type: "minor" });
  const before = oldSpace();
  for (let i = 1; i <= 100_000; i++) {
    come();
    const gone = there.shift();
    if (gone) remove(gone);
    if (i % 1000 === 0) collect({ type: "minor" });
  }
  return (oldSpace() - before) / 2 ** 20;
}

it("of a queue that is linked through what is in it", () => {
  const queue = new LinkedQueue<Item>();
  const aged = agedMiB(
    (item) => queue.push(item),
    (item) => queue.remove(item),
  );
  expect(queue.length).toBe(20);
  expect(aged).toBeLessThan(2);
});

it("of a connection's open streams", () => {
  const open = new OpenStreams();
  const asStream = (item: Item) => item as object as Http2Stream;
  const aged = agedMiB(
    (item) => open.add(asStream(item)),
    (item) => open.delete(asStream(item)),
  );
  expect(open.size).toBe(20);
  expect(open.list().map(({ id }) => id)).toEqual(
    open
      .list()
      .map(({ id }) => id)
      .sort((a, b) => a - b),
  );
  expect(aged).toBeLessThan(2);
});
