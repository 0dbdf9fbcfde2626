// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation `--replay`: plays a script against the server, and compares. */
import { type DescMethod, equals, type Message } from "@bufbuild/protobuf";
import { type Code, ConnectError } from "connect-stream";
import type { PlacedStep } from "connect-stream/testing";
import { CliError } from "../exit.js";
import type { Schema } from "../schema/schema.js";
import { codeName, statusLine } from "../status.js";
import { messageJson, parseMessage } from "./json.js";
import type { OpenCall } from "./open.js";

/** What a replay needs of its command. */
export interface ReplaySetup {
  readonly method: DescMethod;
  readonly schema: Schema;
  note(line: string): void;
  onSent(): void;
  onReceived(message: Message): Promise<unknown>;
}

/** Plays the steps in their order. Rejects with a `CliError` that names the first that differs. */
export async function replay(
  call: OpenCall,
  steps: readonly PlacedStep[],
  setup: ReplaySetup,
): Promise<void> {
  for (const placed of steps) await play(call, placed, setup);
}

/** After this time, the user hears which step waits for the server. */
const HINT_AFTER_MS = 2000;

async function play(
  call: OpenCall,
  { step, where }: PlacedStep,
  setup: ReplaySetup,
): Promise<void> {
  if (step === "cancel") return call.close();
  if (step === "closeSend") return call.closeSend();
  if (typeof step === "object" && "send" in step) {
    const { input } = setup.method;
    const text = JSON.stringify(step.send);
    await call.send(await parseMessage(input, text, where, setup.schema)).catch(unlessEnded);
    return setup.onSent();
  }
  if (takesOneRequest(setup.method)) await call.closeSend();
  const hint = setTimeout(() => setup.note(`waiting: ${where}`), HINT_AFTER_MS);
  const got = await receive(call).finally(() => clearTimeout(hint));
  if (step === "end") return expectEnd(got, where, setup);
  if ("fails" in step) return expectFailure(step.fails, got, where, setup);
  await expectMessage(JSON.stringify(step.recv), got, where, setup);
}

/** Such a call begins with its request: a script that sends none means an empty one. */
function takesOneRequest({ methodKind }: DescMethod): boolean {
  return methodKind === "unary" || methodKind === "server_streaming";
}

/** That the server has ended the call shows in the next step that receives. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof ConnectError)) throw error;
}

type Got = Message | ConnectError | undefined;

async function receive(call: OpenCall): Promise<Got> {
  try {
    return await call.recv();
  } catch (error) {
    if (error instanceof ConnectError) return error;
    throw error;
  }
}

async function expectMessage(text: string, got: Got, where: string, setup: ReplaySetup) {
  const { method, schema, onReceived } = setup;
  const expected = await parseMessage(method.output, text, where, schema);
  if (got && !(got instanceof ConnectError)) {
    await onReceived(got);
    if (equals(method.output, expected, got)) return;
  }
  throw await differs(where, text, got, setup);
}

async function expectEnd(got: Got, where: string, setup: ReplaySetup): Promise<void> {
  if (got !== undefined) throw await differs(where, "the end", got, setup);
}

async function expectFailure(code: Code, got: Got, where: string, setup: ReplaySetup) {
  if (got instanceof ConnectError && got.code === code) return;
  throw await differs(where, codeName(code), got, setup);
}

async function differs(where: string, expected: string, got: Got, setup: ReplaySetup) {
  const actual = await shown(got, setup);
  return new CliError(`${where} differs\n- ${expected}\n+ ${actual}`);
}

async function shown(got: Got, { method, schema }: ReplaySetup): Promise<string> {
  if (got === undefined) return "the end";
  if (got instanceof ConnectError) return statusLine(got);
  return JSON.stringify(await messageJson(method.output, got, schema));
}
