// SPDX-License-Identifier: Apache-2.0
import { type Profiler, Session } from "node:inspector/promises";
import { clone } from "@bufbuild/protobuf";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { compile, filesOf, run } from "./harness.js";

// Counts what runs, and measures no time.

/** A service with everything that the generator looks up. */
const service = (i: number) => `
  // Comment of a service.
  service Service${i} {
    option (connectstream.v1.service).errors = {
      reason: "NOT_FOUND" code: CODE_NOT_FOUND when: "there is none"
    };
    // Comment of an RPC.
    rpc Read(Read${i}) returns (Answer${i});
    // Its name is that of others, and its message's is that of a descriptor.
    rpc Watch(Read${i}) returns (stream Read${i}Schema) {
      option (connectstream.v1.method).server.timeouts.send_ms = 1000;
    }
    rpc Upload(stream Read${i}) returns (Answer${i}) {
      option (connectstream.v1.method).initial_metadata = "p.Opening${i}";
    }
    // Shares its name with the next service alone.
    rpc Shared${Math.floor(i / 2)}(stream Read${i}) returns (stream Answer${i}) {
      option (connectstream.v1.method).errors = {
        reason: "BUSY" code: CODE_UNAVAILABLE when: "there are too many" temporary: true
      };
    }
  }
  message Read${i} { string text = 1; }
  message Read${i}Schema { string text = 1; }
  message Answer${i} { string text = 1; }
  message Opening${i} { string user = 1; }
`;

function schema(services: number): Promise<FileDescriptorSet> {
  const body = Array.from({ length: services }, (_, i) => service(i)).join("");
  return compile({
    "a.proto": `syntax = "proto3"; package p; import "connectstream/v1/options.proto"; ${body}`,
  });
}

/** How often each function of the generator and of protoplugin has run, and each block in them. */
type Counts = ReadonlyMap<string, number>;

/** What runs for each of `sets`. */
async function countRuns(sets: readonly FileDescriptorSet[]): Promise<Counts[]> {
  const session = new Session();
  session.connect();
  try {
    await session.post("Profiler.enable");
    await session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    const counts: Counts[] = [];
    for (const set of sets) {
      filesOf(run(clone(FileDescriptorSetSchema, set)));
      const { result } = await session.post("Profiler.takePreciseCoverage");
      counts.push(new Map(result.filter(isOfInterest).flatMap(blocksOf)));
    }
    await session.post("Profiler.stopPreciseCoverage");
    return counts;
  } finally {
    session.disconnect();
  }
}

function isOfInterest({ url }: Profiler.ScriptCoverage): boolean {
  return /\/(plugin\/src|protoplugin|reflect)\//.test(url);
}

function blocksOf({ url, functions }: Profiler.ScriptCoverage): [place: string, count: number][] {
  // V8 begins late to count what sets the fields of a class. Its constructor is counted in any case.
  const counted = functions.filter(({ functionName }) => !functionName.startsWith("<instance_"));
  return counted.flatMap(({ functionName, ranges }) =>
    ranges.map(({ startOffset, endOffset, count }): [string, number] => [
      `${functionName} at ${startOffset}-${endOffset} of ${url}`,
      count,
    ]),
  );
}

test("for twice the services in a file, no function runs more than twice as often", async () => {
  const sets = [await schema(20), await schema(40), await schema(80)];
  // The first run also loads and compiles what it needs.
  const [, few, some, many] = await countRuns([...sets.slice(0, 1), ...sets]);
  if (!few || !some || !many) throw new Error("no counts");
  expect(many.size).toBeGreaterThan(100);
  // What does not depend on the number is in neither of the differences.
  const growth = [...many].flatMap(([place, c]) => {
    const [a, b] = [few.get(place), some.get(place)];
    return a === undefined || b === undefined ? [] : [{ place, before: b - a, after: c - b }];
  });
  // Sorted lists, of imports, take a little more than twice the comparisons.
  expect(growth.filter(({ before, after }) => before > 0 && after > before * 2.1)).toEqual([]);
});
