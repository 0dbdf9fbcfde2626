// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { type Bundle, bundlePage, lite } from "../../bench/bundle-size.js";

/** What every client consists of in a browser. Of these folders, all; of the others, these modules. */
const folders = ["call", "client"];
const modules = [
  "codegenv1/create-client.js",
  "codegenv1/rpc-spec.js",
  "options/call-timeout.js",
  "options/declare.js",
  "options/settings.js",
  "options/validation.js",
  "protocol/call-queues.js",
  "protocol/fields.js",
  "protocol/method-kind.js",
  "protocol/timeout-header.js",
  "protocol/to-message.js",
  "protocol/wrong-type.js",
  "shapes.js",
];

/** What options may ask for. */
const optionFolders = ["client/retry", "observe"];
const optionModules = [
  "codegenv1/client.js",
  "options/limits.js",
  "options/message-size.js",
  "options/policy.js",
  "options/queues.js",
  "options/retry.js",
  "options/timeouts.js",
  "protocol/message-size.js",
  "protocol/previous-attempts.js",
  "protocol/reserved-fields.js",
  "protocol/stream-size.js",
];

/** Parts of the folders above that are for options alone. */
const ofOptions =
  /^(call\/(bounds|overflow|timeouts)|client\/(all-parts|backoff|backoff-timer|chained-receiver|observe|time-limits))\.js$/;

/** What schemas may ask for: initial metadata, and heartbeats. */
const ofSchemas =
  /^(metadata\/.*|client\/with-metadata\.js|codegenv1\/schema-parts\.js|protocol\/heartbeat\.js)$/;

/** Of Connect transports that are ours: they have no place on a page that uses Connect-Web's. */
const ofTransports = /^client\/.*(wire|body-carrier|user-agent|connect-response)/;

/** Those that are not of a client, nor of `folders` and `modules` beside. */
function extra(bundle: Bundle, folders: readonly string[], modules: readonly string[]): string[] {
  return [...bundle.modules.keys()].filter((path) => {
    const isOfFolder = folders.includes(path.slice(0, path.lastIndexOf("/")));
    return !(isOfFolder || modules.includes(path)) || ofTransports.test(path);
  });
}

const named = (bundle: Bundle, pattern: RegExp) =>
  [...bundle.modules.keys()].filter((path) => pattern.test(path));

test("a page with a generated client has what a client needs, and nothing of servers", async () => {
  const ours = await bundlePage("ours");
  const allowed = [...modules, ...optionModules];
  expect(extra(ours, [...folders, ...optionFolders], allowed)).toEqual([]);
  expect(named(ours, ofSchemas)).toEqual([]);
  expect(named(ours, ofOptions)).not.toEqual([]);
});

test("a page whose schema declares initial metadata and heartbeats has their code", async () => {
  const page = await bundlePage("ours-with-metadata");
  expect(named(page, ofSchemas)).toContain("protocol/heartbeat.js");
  expect(named(page, ofSchemas)).toContain("client/with-metadata.js");
  expect(named(page, /^(server|node)\/|header-message-reader/)).toEqual([]);
});

test("a lite page has nothing of options, nor of servers", async () => {
  const page = await bundlePage("ours", [lite]);
  const allowed = [...modules, "codegenv1/lite.js", "codegenv1/lite-client.js"];
  expect(extra(page, folders, allowed)).toEqual([]);
  expect(named(page, ofOptions)).toEqual([]);
  expect(named(page, ofSchemas)).toEqual([]);
});

test("a page with plain Connect-Web has nothing of ours", async () => {
  expect([...(await bundlePage("connect-web")).modules.keys()]).toEqual([]);
});
