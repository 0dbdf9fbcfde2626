// SPDX-License-Identifier: Apache-2.0
import { once } from "node:events";
import * as http2 from "node:http2";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { HeaderList, noEvents } from "../../runtime/src/http2/index.js";
import { type FieldMap, Random, randomFields, toPairs } from "./support/header-lists.js";
import { dial, listen, noConnectionEvents } from "./support/net-host.js";

/**
 * @packageDocumentation Header lists to Node's HTTP/2 and back, in both roles. `RELIABILITY=long` is
 * a million of them, `HTTP2_LISTS` any number; `HTTP2_SEED` gives others.
 */

const LISTS = Number(
  process.env.HTTP2_LISTS ?? (process.env.RELIABILITY === "long" ? 1_000_000 : 2000),
);
const SEED = Number(process.env.HTTP2_SEED ?? 1);
const AT_A_TIME = 50;
const TIMEOUT_MS = 60_000 + LISTS;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function ordinary(pairs: readonly (readonly [string, string])[]): string[][] {
  return pairs
    .filter(([name]) => !name.startsWith(":") && name !== "date")
    .map((pair) => [...pair]);
}

function pairsOf(raw: readonly string[]): [string, string][] {
  return raw.flatMap((name, i): [string, string][] => (i % 2 ? [] : [[name, raw[i + 1] ?? ""]]));
}

function namesAndValues(list: HeaderList): [string, string][] {
  return list.fields.map(({ name, value }) => [name, value]);
}

function listOf(pseudo: [string, string][], fields: FieldMap): HeaderList {
  return HeaderList.of([...pseudo, ...toPairs(fields)]);
}

/** Runs `one` for all lists, some at a time. */
async function forAll(
  one: (request: FieldMap, response: FieldMap) => Promise<void>,
): Promise<void> {
  const random = new Random(SEED);
  let left = LISTS / 2;
  const worker = async () => {
    while (left-- > 0) await one(randomFields(random), randomFields(random));
  };
  await Promise.all(Array.from({ length: AT_A_TIME }, worker));
}

describe(`header lists, seed ${SEED}`, () => {
  const pseudo: [string, string][] = [
    [":method", "POST"],
    [":scheme", "http"],
    [":path", "/"],
    [":authority", "127.0.0.1"],
  ];

  it("from our client to Node's server, and back", { timeout: TIMEOUT_MS }, async () => {
    const requests = new Map<number, string[][]>();
    const responses = new Map<number, FieldMap>();
    const server = http2.createServer();
    const onStream = (
      stream: http2.ServerHttp2Stream,
      _headers: http2.IncomingHttpHeaders,
      _flags: number,
      raw: string[],
    ) => {
      const id = stream.id ?? 0;
      requests.set(id, ordinary(pairsOf(raw)));
      stream.respond({ ":status": 200, ...responses.get(id) }, { endStream: true });
    };
    server.on("stream", onStream);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    cleanups.push(() => server.close());
    const { connection, socket } = dial((server.address() as AddressInfo).port);
    cleanups.push(() => socket.destroy());

    await forAll(async (request, response) => {
      let answer = HeaderList.of([]);
      const id = await new Promise<number>((resolve, reject) => {
        const stream = connection.request(listOf(pseudo, request), {
          ...noEvents,
          onHeaders: (list) => {
            answer = list;
          },
          onEnd: () => resolve(stream.id),
          onFail: ({ message }) => reject(new Error(message)),
        });
        responses.set(stream.id, response);
        stream.end();
      });
      expect(requests.get(id)).toEqual(toPairs(request));
      expect(ordinary(namesAndValues(answer))).toEqual(toPairs(response));
      requests.delete(id);
      responses.delete(id);
    });
  });

  it("from Node's client to our server, and back", { timeout: TIMEOUT_MS }, async () => {
    const requests = new Map<number, string[][]>();
    const responses = new Map<number, FieldMap>();
    const { server, port } = await listen(() => ({
      ...noConnectionEvents,
      onRequest(stream, headers) {
        requests.set(stream.id, ordinary(namesAndValues(headers)));
        stream.respond(listOf([[":status", "200"]], responses.get(stream.id) ?? {}));
        stream.end();
        stream.release();
      },
    }));
    cleanups.push(() => server.close());
    const session = http2.connect(`http://127.0.0.1:${port}`);
    cleanups.push(() => session.destroy());
    await once(session, "remoteSettings");

    await forAll(async (request, response) => {
      const stream = session.request(request, { endStream: true });
      const id = stream.id ?? 0;
      responses.set(id, response);
      const [, , raw] = await once(stream, "response");
      stream.resume();
      await once(stream, "close");
      expect(requests.get(id)).toEqual(toPairs(request));
      expect(ordinary(pairsOf(raw))).toEqual(toPairs(response));
      requests.delete(id);
      responses.delete(id);
    });
  });
});
