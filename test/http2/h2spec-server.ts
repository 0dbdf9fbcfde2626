// SPDX-License-Identifier: Apache-2.0
import { HeaderList, noEvents } from "../../runtime/src/http2/index.js";
import { listen, noConnectionEvents } from "./support/net-host.js";

const head = HeaderList.of([[":status", "200"]]);
const body = new TextEncoder().encode("hello");

/** A server for h2spec, which wants content in every answer. Prints its port. */
const { port } = await listen(() => ({
  ...noConnectionEvents,
  onRequest(stream) {
    stream.events = {
      ...noEvents,
      onEnd() {
        stream.respond(head);
        stream.write(body);
        stream.end();
        stream.release();
      },
      onFail: () => stream.release(),
    };
  },
}));
console.log(port);
