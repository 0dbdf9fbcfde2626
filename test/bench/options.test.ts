// SPDX-License-Identifier: Apache-2.0
import { describe, expect, it } from "vitest";
import { contestantsOf } from "../../bench/contestants.js";
import { type BenchOptions, parseOptions } from "../../bench/options.js";

const labels = ({ contestants }: BenchOptions) => contestants.map(({ label }) => label);

describe("--only", () => {
  const names = (only: string) => {
    const { cases, memory } = parseOptions(["--only", only]);
    return [...cases.map(({ name }) => name), ...memory];
  };

  it("takes a name with its protocol", () => {
    expect(names("grpc/unary-32")).toEqual(["grpc/unary-32"]);
  });

  it("takes a name for all protocols, and no other that begins so", () => {
    expect(names("unary-32")).toEqual(["grpc/unary-32", "connect/unary-32", "grpc-web/unary-32"]);
  });

  it("takes several, in the order in which they run", () => {
    expect(names("idle,grpc/watch,grpc/unary-1")).toEqual(["grpc/unary-1", "grpc/watch", "idle"]);
  });

  it("takes a regular expression", () => {
    expect(names("^connect/unary")).toEqual(["connect/unary-32", "connect/unary-1"]);
  });

  it("rejects what matches nothing", () => {
    expect(() => names("unray")).toThrow('there is no case "unray"; there are grpc/unary-32, ');
  });
});

describe("--peers", () => {
  it("takes pairs of different makes", () => {
    expect(parseOptions(["--peers", "ours,ours:grpc-js"]).contestants).toEqual([
      { label: "ours", server: "ours", client: "ours" },
      { label: "ours:grpc-js", server: "ours", client: "grpc-js" },
    ]);
  });

  it("rejects names that are none", () => {
    expect(() => parseOptions(["--peers", "ours,grpc-java"])).toThrow('no peer "grpc-java"');
  });

  it.each([
    ["grpc/watch", "connect-es,grpc-js,ours:grpc-js,raw"],
    ["grpc/watch-1k-gzip", "connect-es"],
    ["connect/watch", "connect-es"],
  ])("take part in %s where they can", (only, expected) => {
    const options = parseOptions([
      "--only",
      only,
      "--peers",
      "connect-es,grpc-js,ours:grpc-js,raw",
    ]);
    const [kase] = options.cases;
    if (kase === undefined) throw new Error("no case");
    const contestants = contestantsOf(kase, options.contestants);
    expect(labels({ ...options, contestants })).toEqual(expected.split(","));
  });
});

it("rejects numbers that are none", () => {
  expect(() => parseOptions(["--rounds", "0"])).toThrow(
    '--rounds is to be a positive integer, not "0"',
  );
  expect(() => parseOptions(["--ms", "long"])).toThrow("--ms");
});
