// SPDX-License-Identifier: Apache-2.0
// How the story looks: in colour on a terminal, plain text everywhere else.
import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];

/** As much of `process.stdout` as it takes. */
export interface Output {
  write(text: string): unknown;
  isTTY?: boolean;
  /** A terminal's; it knows NO_COLOR, and terminals without colours. */
  hasColors?(): boolean;
}

export interface Narrator {
  /** Begins a scene. */
  scene(title: string): void;
  /** Who does what. Each side has a colour of its own. */
  client(who: string, what: string): void;
  server(what: string): void;
  /** What a scene shows, and other words to the reader. */
  note(text: string): void;
  good(text: string): void;
}

const nameWidth = 20;

export function createNarrator(output: Output): Narrator {
  const colourful = output.isTTY === true && output.hasColors?.() === true;
  // Not by the stream that Node.js looks at from 22 on, which may be another.
  const paint = (format: Format, text: string) =>
    colourful ? styleText(format, text, { validateStream: false }) : text;
  const line = (text: string) => output.write(`${text}\n`);
  return {
    scene: (title) => line(`\n${paint("bold", title)}`),
    client: (who, what) => line(`  ${paint("cyan", who.padEnd(nameWidth))} ${what}`),
    server: (what) => line(`  ${paint("magenta", "server".padEnd(nameWidth))} ${what}`),
    note: (text) => line(`  ${paint("dim", text)}`),
    good: (text) => line(`\n${paint(["bold", "green"], text)}`),
  };
}
