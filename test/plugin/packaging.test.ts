// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import rootJson from "../../package.json" with { type: "json" };
import bsrJson from "../../packaging/bsr/package.json" with { type: "json" };
import pluginJson from "../../plugin/package.json" with { type: "json" };
import runtimeJson from "../../runtime/package.json" with { type: "json" };
import { codeBlocks } from "../docs/code-blocks.js";
import { compile, repository, run } from "./harness.js";

const read = (path: string) => readFileSync(join(repository, path), "utf8");

test("the plugin of the Buf Schema Registry has this version, and these dependencies", () => {
  const yaml = read("packaging/bsr/buf.plugin.yaml");
  const { version } = pluginJson;
  expect(yaml).toContain(`\nplugin_version: v${version}\n`);
  expect(yaml).toContain(`/blob/v${version}/LICENSE\n`);
  expect(bsrJson).toMatchObject({ version, dependencies: { [pluginJson.name]: version } });
  expect(bsrJson.devDependencies.esbuild).toBe(rootJson.devDependencies.esbuild);
  const es = rootJson.devDependencies["@bufbuild/protoc-gen-es"].replace("~", "v");
  expect(yaml).toContain(`plugin: buf.build/bufbuild/es:${es}\n`);
  const packages = [...yaml.matchAll(/package: "?(.*?)"?\n +version: "?(.*?)"?\n/g)];
  expect(packages.map(([, name, range]) => [name, range])).toEqual([
    [runtimeJson.name, `^${runtimeJson.version}`],
    ["@connectrpc/connect", runtimeJson.peerDependencies["@connectrpc/connect"]],
  ]);
});

test("the schema in the README of the options' module sets options", async () => {
  const [schema] = codeBlocks("proto/README.md", read("proto/README.md"));
  const set = await compile({ "prices/v1/prices.proto": schema?.text ?? "" });
  const [file] = run(set, "target=ts").file;
  expect(file?.content).toContain("maxAgeMs: 3600000");
  expect(file?.content).toContain("timeoutMs: 5000");
});

test("the request for an extension number names what we extend, and the number until then", () => {
  const request = read("packaging/extension-number.md");
  const options = read("proto/connectstream/v1/options.proto");
  for (const [, extended = "", number = ""] of options.matchAll(/extend (\S+) \{\n.* = (\d+);/g)) {
    expect(request).toContain(extended);
    expect(request).toContain(number);
  }
});
