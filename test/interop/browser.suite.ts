// SPDX-License-Identifier: Apache-2.0
// A page in Chromium calls `serve` on another origin: preflights, HTTP/2, streams, cancels.
import { Code, ConnectError } from "@connectrpc/connect";
import { type ServeOptions, serve } from "connect-stream/node";
import { expect, it, onTestFinished } from "vitest";
import { gate } from "../support/gate.js";
import { type LabServiceHandler, registerLabService } from "../support/gen/lab/v1/lab_stream.js";
import { selfSigned } from "../support/tls.js";
import { chromium, openBrowser, servePage } from "./browser/chromium.js";
import type { PageResult, Question } from "./browser/result.js";
import { required } from "./required.js";

/** What the server sees of the page. */
function observe() {
  let next = gate();
  const tokens: (string | null)[] = [];
  /** How handlers that hang have ended: the text of the request, and the code. */
  const ended = new Map<string, ReturnType<typeof gate<Code>>>();
  const endOf = (text: string) => {
    const known = ended.get(text) ?? gate<Code>();
    ended.set(text, known);
    return known;
  };
  const handler: Partial<LabServiceHandler> = {
    async unary({ text }, context) {
      if (text === "next") next.resolve();
      if (text === "fail") throw new ConnectError("no such note", Code.NotFound);
      if (text === "hi") tokens.push(context.requestHeader.get("x-token"));
      context.responseHeader.set("x-cost", "3");
      return { text: text.toUpperCase() };
    },
    async download({ text, number }, stream) {
      for (let sent = 0n; sent < number; sent++) {
        next = gate();
        await stream.send({ text: `${text} ${sent}` });
        await next.promise;
      }
      if (number > 0n) return;
      await stream.send({ text });
      if (text === "fail") throw new ConnectError("no more", Code.Aborted);
      const { signal } = stream.context;
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
      endOf(text).resolve(signal.reason.code);
    },
  };
  return { handler, tokens, endOf };
}

async function start(handler: Partial<LabServiceHandler>, options: Partial<ServeOptions>) {
  const server = await serve({
    ...options,
    routes: (router) => registerLabService(router, handler),
  });
  onTestFinished(() => server.close({ graceMs: 0 }));
  return server.url;
}

const name = "a page in Chromium calls a server of another origin";
if (!chromium && !required("chromium")) {
  it.skip(`${name}: the Debian package chromium-headless-shell is not installed`);
} else {
  it(name, async () => {
    const page = await servePage();
    onTestFinished(() => page[Symbol.asyncDispose]());
    const { handler, tokens, endOf } = observe();
    const cors = {
      origins: [page.origin],
      allowedHeaders: ["x-token"],
      exposedHeaders: ["x-cost"],
    };
    const http1 = await start(handler, { cors });
    const http2 = await start(handler, { cors, tls: selfSigned });
    const stranger = await start(handler, { cors: { origins: ["https://elsewhere.example"] } });
    const questions = (["connect", "grpc-web"] as const).flatMap((protocol): Question[] => [
      // A browser has six connections to a server of HTTP/1.1.
      { protocol, url: http1, streams: 4 },
      { protocol, url: http2, streams: 50 },
    ]);
    page.setQuestions(questions, stranger);
    const browser = openBrowser(chromium ?? "chromium", page.origin);
    onTestFinished(() => browser[Symbol.asyncDispose]());

    const { failure, results, stranger: refused } = await page.report;
    expect(failure).toBeUndefined();
    expect(results).toEqual(
      questions.map(
        ({ streams }): PageResult => ({
          unary: { text: "HI", cost: "3" },
          failed: `${Code.NotFound} no such note`,
          streamed: ["in turns 0", "in turns 1", "in turns 2"],
          failedLate: ["fail", `${Code.Aborted} no more`],
          atOnce: streams,
          cancelled: expect.stringMatching(new RegExp(`^${Code.Canceled} `)),
        }),
      ),
    );
    const ends = questions.map(({ protocol, url }) => endOf(`hang ${protocol} ${url}`).promise);
    expect(await Promise.all(ends)).toEqual(questions.map(() => Code.Canceled));
    // A server that does not know the origin is not even asked: the preflight says no.
    expect(refused).toContain("Failed to fetch");
    expect(tokens).toEqual(questions.map(() => "secret"));
  });
}
