// SPDX-License-Identifier: Apache-2.0
// Errors that a schema declares. What is generated for them is in testdata/errors.
import { describe, expect, test } from "vitest";
import { compile, run } from "./harness.js";

interface Declared {
  readonly service?: readonly string[];
  readonly a?: readonly string[];
  readonly b?: readonly string[];
}

/** A service with RPCs A and B, and the errors that it and they declare, in the text format. */
function source({ service = [], a = [], b = [] }: Declared): string {
  const options = (name: string, errors: readonly string[]) =>
    errors.map((error) => `option (connectstream.v1.${name}).errors = { ${error} };`).join(" ");
  return `syntax = "proto3";
    package p;
    import "connectstream/v1/options.proto";
    service S {
      ${options("service", service)}
      rpc A(M) returns (M) { ${options("method", a)} }
      rpc B(M) returns (stream M) { ${options("method", b)} }
    }
    message M {}`;
}

async function errorFor(declared: Declared): Promise<string> {
  const response = run(await compile({ "s.proto": source(declared) }));
  expect(response.file).toEqual([]);
  return response.error;
}

const busy = `reason: "BUSY" code: CODE_UNAVAILABLE when: "busy" temporary: true`;
const serviceErrors = "s.proto: service p.S: option (connectstream.v1.service).errors";
const methodErrors = (rpc: string) =>
  `s.proto: rpc p.S.${rpc}: option (connectstream.v1.method).errors`;

describe("what cannot be declared", () => {
  const reasons = 'allowed: A-Z, 0-9 and "_", a letter first, no "_" last, from 3 to 63 characters';

  test.each(["", "busy", "Busy", "A_", "_AB", "1AB", "AB_", "A-B", "AB", "A".repeat(64), "A\\nB"])(
    "reason %j",
    async (reason) => {
      const error = `reason: "${reason}" code: CODE_UNAVAILABLE when: "busy"`;
      expect(await errorFor({ service: [busy, error] })).toBe(
        `${serviceErrors}[1].reason: invalid value "${reason}", ${reasons}`,
      );
    },
  );

  test.each(["CODE_UNSPECIFIED", "17"])("code %s", async (code) => {
    const error = `reason: "BUSY" code: ${code} when: "busy"`;
    expect(await errorFor({ a: [error] })).toMatch(
      `${methodErrors("A")}[0].code: invalid value ${code}, allowed: CODE_UNKNOWN, CODE_INVALID_ARGUMENT, `,
    );
  });

  test("the code of a client that has gone away", async () => {
    const error = `reason: "BUSY" code: CODE_CANCELED when: "busy"`;
    const message = `${methodErrors("A")}[0].code: invalid value CODE_CANCELED, which means that the client has left, allowed: CODE_UNKNOWN, `;
    expect(await errorFor({ a: [error] })).toContain(message);
  });

  test("no code", async () => {
    expect(await errorFor({ b: [`reason: "BUSY" when: "busy"`] })).toMatch(
      `${methodErrors("B")}[0].code: invalid value CODE_UNSPECIFIED, allowed: `,
    );
  });

  test.each(["a b", " ", "a..b", ".a", "a.", "a/b", "ä.example", "a\\n"])(
    "domain %j",
    async (domain) => {
      const error = await domainError(domain);
      expect(error).toBe(
        `s.proto: service p.S: option (connectstream.v1.service).error_domain: invalid value "${domain}", allowed: ` +
          `A-Z, a-z, 0-9, "-" and "_", in words joined by ".", as in hosts.example.com, or nothing for the service's full name`,
      );
    },
  );

  test.each(["", " "])("when %j", async (when) => {
    expect(await errorFor({ a: [`reason: "BUSY" code: CODE_ABORTED when: "${when}"`] })).toBe(
      `${methodErrors("A")}[0].when: invalid value "${when}", allowed: a sentence that says when it happens`,
    );
  });

  test.each(["0", "2147483648"])("retry_delay_ms %s", async (ms) => {
    expect(await errorFor({ a: [`${busy} retry_delay_ms: ${ms}`] })).toBe(
      `${methodErrors("A")}[0].retry_delay_ms: invalid value ${ms}, allowed: a whole number from 1 to 2147483647`,
    );
  });

  test("a delay of what is not temporary", async () => {
    const error = `reason: "BUSY" code: CODE_UNAVAILABLE when: "busy" retry_delay_ms: 1`;
    expect(await errorFor({ service: [error] })).toBe(
      `${serviceErrors}[0].retry_delay_ms is for temporary errors: set temporary: true`,
    );
  });

  test.each([
    ["twice for a service", { service: [busy, busy] }, `${serviceErrors}[1]`, serviceErrors],
    ["twice for an RPC", { a: [busy, busy] }, `${methodErrors("A")}[1]`, methodErrors("A")],
    [
      "for a service and an RPC",
      { service: [busy], b: [busy] },
      `${methodErrors("B")}[0]`,
      serviceErrors,
    ],
  ])("the same %s", async (_, declared, second, first) => {
    expect(await errorFor(declared)).toBe(`${second}: BUSY is already declared at ${first}[0]`);
  });

  test("the same of two RPCs with another meaning", async () => {
    const other = busy.replace(`when: "busy"`, `when: "asleep"`);
    expect(await errorFor({ a: [busy], b: [other] })).toBe(
      `${methodErrors("B")}[0]: BUSY is declared differently at ${methodErrors("A")}[0]: ` +
        "declare the same, choose another reason, or declare the error once, for the service",
    );
  });

  test("reasons that get the same name", async () => {
    const other = busy.replace("BUSY", "BUSY_1");
    expect(await errorFor({ a: [busy.replace("BUSY", "BUSY1")], b: [other] })).toBe(
      `${methodErrors("B")}[0].reason: BUSY1 and BUSY_1 are both named busy1 in generated code, rename one`,
    );
  });
});

test.each(["", "hosts.example.com", "gcloud-cpp", "_p.v1.Host_Service"])(
  "domain %j can be declared",
  async (domain) => {
    expect(await domainError(domain)).toBe("");
  },
);

async function domainError(domain: string): Promise<string> {
  const option = `option (connectstream.v1.service).error_domain = "${domain}";`;
  const set = await compile({ "s.proto": source({}).replace("service S {", `$&${option}`) });
  return run(set).error;
}
