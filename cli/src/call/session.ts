// SPDX-License-Identifier: Apache-2.0
import { type DescMethod, type Message, toJson } from "@bufbuild/protobuf";
import type { Connection } from "../connection.js";
import { exit } from "../exit.js";
import { Interrupt, type Io } from "../io.js";
import type { Schema } from "../schema/schema.js";
import { StatusError } from "../status.js";
import { errorText } from "./errors.js";
import { dataLines, type InputLine, stdinLines } from "./input.js";
import { messageJson, parseMessage } from "./json.js";
import { type OpenCall, openCall } from "./open.js";
import type { CallSettings } from "./options.js";
import { type Counts, summaryLine, traceHeaders, writeMessage } from "./output.js";
import { openPrompt, type Prompt } from "./prompt.js";
import { type ReplaySetup, replay } from "./replay.js";
import { resumeWith } from "./resume.js";
import { type Ending, runCall } from "./run.js";
import { Recording, readScript } from "./script.js";

/** One call of `method`, from its first message to its exit code. */
export class Session {
  readonly #settings: CallSettings;
  readonly #method: DescMethod;
  readonly #schema: Schema;
  readonly #io: Io;
  readonly #call: OpenCall;
  readonly #counts: Counts = { sent: 0, received: 0 };
  readonly #recording: Recording | undefined;
  #prompt: Prompt | undefined;
  /** The user has typed that the call is to end. */
  #cancelled = false;

  constructor(
    settings: CallSettings,
    connection: Connection,
    { method, schema, io }: { method: DescMethod; schema: Schema; io: Io },
  ) {
    this.#settings = settings;
    this.#method = method;
    this.#schema = schema;
    this.#io = io;
    const { values, timeoutMs } = settings;
    const resume = values.resume && {
      resume: resumeWith(method, values.resume, schema, (line) => this.#note(line)),
    };
    const options = {
      headers: connection.headers,
      signal: io.signal,
      ...(timeoutMs !== undefined && { timeoutMs }),
      ...(values.verbose && traceHeaders(connection, method, (line) => this.#note(line))),
    };
    this.#recording =
      values.record === undefined ? undefined : new Recording(values.record, io.cwd);
    this.#call = openCall(method, { transport: connection.transport, options, ...resume });
  }

  /** Resolves to the exit code. */
  async run(): Promise<number> {
    const { replay: script } = this.#settings.values;
    try {
      return script === undefined ? await this.#exchange() : await this.#replay(script);
    } finally {
      this.#call.close();
      this.#prompt?.close();
      // An input that nobody ends would keep the process.
      this.#io.stdin.destroy();
      this.#recording?.close();
    }
  }

  async #exchange(): Promise<number> {
    const traffic = {
      input: this.#input(),
      intervalMs: this.#settings.intervalMs,
      onSent: (message: Message | undefined) => this.#sent(message),
      onReceived: (message: Message) => this.#received(message),
    };
    const ending = await runCall(this.#call, traffic, this.#io.signal);
    this.#recordEnd(ending);
    await this.#summarize();
    return this.#exitCode(ending);
  }

  async #replay(path: string): Promise<number> {
    const steps = await readScript(path, this.#io.cwd);
    try {
      await replay(this.#call, steps, this.#replaySetup());
    } catch (error) {
      const { signal } = this.#io;
      if (signal.reason instanceof Interrupt) return signal.reason.exitCode;
      throw error;
    }
    await this.#summarize();
    return exit.ok;
  }

  #replaySetup(): ReplaySetup {
    return {
      method: this.#method,
      schema: this.#schema,
      note: (line) => this.#note(line),
      onSent: () => this.#counts.sent++,
      onReceived: (message) => this.#received(message),
    };
  }

  async *#input(): AsyncGenerator<Message> {
    const { data } = this.#settings.values;
    const takesOne = ["unary", "server_streaming"].includes(this.#method.methodKind);
    const { stdin } = this.#io;
    if (data === undefined && stdin.isTTY) {
      // A terminal that has nothing to type for: an empty request.
      if (!takesOne) yield* this.#typed();
      return;
    }
    const lines = data === undefined ? stdinLines(this.#io) : dataLines(data, this.#io);
    for await (const line of lines) {
      yield await this.#parse(line);
    }
  }

  async *#typed(): AsyncGenerator<Message> {
    this.#prompt = openPrompt(
      this.#io,
      (line) => this.#parse(line),
      () => this.#cancel(),
    );
    yield* this.#prompt.messages;
  }

  #cancel(): void {
    this.#cancelled = true;
    this.#call.close();
  }

  #parse({ text, where }: InputLine): Promise<Message> {
    return parseMessage(this.#method.input, text, where, this.#schema);
  }

  #sent(message: Message | undefined): void {
    if (message) this.#counts.sent++;
    const { input } = this.#method;
    const { registry } = this.#schema;
    this.#recording?.add(message ? { send: toJson(input, message, { registry }) } : "closeSend");
  }

  async #received(message: Message): Promise<boolean> {
    const { values, count } = this.#settings;
    const options = { alwaysEmitImplicit: values["emit-defaults"] === true };
    const json = await messageJson(this.#method.output, message, this.#schema, options);
    this.#recording?.add({ recv: json });
    const write = () => writeMessage(this.#io, json, values.timestamps === true);
    if (this.#prompt) this.#prompt.beside(() => void write());
    else await write();
    return ++this.#counts.received >= count;
  }

  #recordEnd({ error, stopped }: Ending): void {
    const isOurs = stopped || this.#cancelled || this.#io.signal.aborted;
    const failure = error ? { fails: error.code } : "end";
    this.#recording?.end(isOurs ? "cancel" : failure);
  }

  async #summarize(): Promise<void> {
    if (!this.#settings.values.summary) return;
    this.#call.close();
    this.#note(summaryLine(this.#counts, await this.#call.outcome));
  }

  async #exitCode({ error, stopped }: Ending): Promise<number> {
    const { signal } = this.#io;
    if (signal.aborted && signal.reason instanceof Interrupt) return signal.reason.exitCode;
    if (!error || stopped) return exit.ok;
    throw new StatusError(error, await errorText(error, this.#method, this.#schema));
  }

  #note(line: string): void {
    if (this.#prompt) this.#prompt.beside(() => this.#io.note(line));
    else this.#io.note(line);
  }
}
