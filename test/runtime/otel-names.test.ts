// SPDX-License-Identifier: Apache-2.0
import { RPC_SYSTEM_NAME_VALUE_CONNECTRPC } from "@opentelemetry/semantic-conventions/incubating";
import { expect, it } from "vitest";
import manifest from "../../runtime/package.json" with { type: "json" };
import { VERSION } from "../../runtime/src/api/version.js";
import * as names from "../../runtime/src/otel/names.js";
import { SCHEMA_URL, SCOPE } from "../../runtime/src/otel/scope.js";

it("tracer and meter have the name and the version of the package", () => {
  expect([SCOPE, VERSION]).toEqual([manifest.name, manifest.version]);
});

it("the version of the conventions is the one that is needed", () => {
  const needed = manifest.peerDependencies["@opentelemetry/semantic-conventions"];
  expect(SCHEMA_URL).toBe(`https://opentelemetry.io/schemas/${needed.replace("^", "")}`);
});

it("what is copied of the conventions is as they have it", () => {
  expect(names.RPC_SYSTEM_NAME_VALUE_CONNECTRPC).toBe(RPC_SYSTEM_NAME_VALUE_CONNECTRPC);
});

it("names of our own have our prefix", () => {
  const { metricNames, RPC_SYSTEM_NAME_VALUE_CONNECTRPC: _, ...attributes } = names;
  const all = [
    ...Object.values(attributes),
    ...Object.values(metricNames).map((of) => of("server")),
  ];
  expect(all.filter((name) => !name.startsWith("connect_stream."))).toEqual([]);
});
