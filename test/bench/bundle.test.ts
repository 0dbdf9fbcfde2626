// SPDX-License-Identifier: Apache-2.0
import { expect, test } from "vitest";
import { bundlePage } from "../../bench/bundle-size.js";

/** What a client consists of in a browser. Of these folders, all; of the others, these modules. */
const folders = ["call", "client", "client/retry", "observe", "metadata"];
const modules = [
  "codegenv1/client.js",
  "codegenv1/rpc-spec.js",
  "options/declare.js",
  "options/limits.js",
  "options/message-size.js",
  "options/policy.js",
  "options/queues.js",
  "options/retry.js",
  "options/settings.js",
  "options/timeouts.js",
  "options/validation.js",
  "protocol/call-queues.js",
  "protocol/fields.js",
  "protocol/heartbeat.js",
  "protocol/message-size.js",
  "protocol/method-kind.js",
  "protocol/previous-attempts.js",
  "protocol/reserved-fields.js",
  "protocol/stream-size.js",
  "protocol/timeout-header.js",
  "protocol/to-message.js",
  "protocol/wrong-type.js",
];

/** Of Connect transports that are ours: they have no place on a page that uses Connect-Web's. */
const ofTransports = /^client\/.*(wire|body-carrier|user-agent|connect-response)/;

test("a page with a generated client has what a client needs, and nothing of servers", async () => {
  const ours = await bundlePage("ours");
  const extra = [...ours.modules.keys()].filter((path) => {
    const isOfFolder = folders.includes(path.slice(0, path.lastIndexOf("/")));
    return !(isOfFolder || modules.includes(path)) || ofTransports.test(path);
  });
  expect(extra).toEqual([]);
});

test("a page with plain Connect-Web has nothing of ours", async () => {
  expect([...(await bundlePage("connect-web")).modules.keys()]).toEqual([]);
});
