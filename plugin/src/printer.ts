// SPDX-License-Identifier: Apache-2.0
import type { GeneratedFile, Printable, Target } from "@bufbuild/protoplugin";

/** An interface. Not printed in JavaScript. */
export interface InterfaceDecl {
  readonly doc: string;
  readonly name: string;
  readonly base?: Printable;
  readonly members?: readonly { readonly doc: string; readonly signature: Printable }[];
}

/** A function that returns one expression. */
export interface FunctionDecl {
  readonly doc: string;
  readonly name: string;
  readonly params: readonly Param[];
  readonly returns: Printable;
  /** What it returns. */
  readonly call: Call;
}

/** A constant, the result of a call. */
export interface ConstantDecl {
  readonly doc: string;
  readonly name: string;
  readonly type: Printable;
  readonly call: Call;
}

/** A call: a function, its type argument, its arguments. */
interface Call {
  readonly callee: Printable;
  readonly types?: Printable;
  readonly args: readonly Printable[];
}

interface Param {
  readonly name: Printable;
  readonly type: Printable;
  readonly isOptional?: boolean;
}

/** Prints declarations as the target wants them. The only place that knows of targets. */
export interface Printer {
  interface(declaration: InterfaceDecl): void;
  function(declaration: FunctionDecl): void;
  constant(declaration: ConstantDecl): void;
}

export function createPrinter(f: GeneratedFile, target: Target): Printer {
  return {
    interface(declaration) {
      if (target !== "js") {
        printInterface(f, declaration);
      }
    },
    function(declaration) {
      f.print(f.jsDoc(declaration.doc));
      if (target === "dts") {
        f.print(f.export("declare function", declaration.name), head(declaration), ";");
      } else {
        printFunction(f, declaration, target === "ts");
      }
      f.print();
    },
    constant({ doc, name, type, call }) {
      const annotation = [": ", type];
      f.print(f.jsDoc(doc));
      if (target === "dts") f.print(f.export("declare const", name), annotation, ";");
      else if (target === "ts")
        f.print(f.export("const", name), annotation, " = ", written(call, true), ";");
      else f.print(f.export("const", name), " = ", written(call, false), ";");
      f.print();
    },
  };
}

function printInterface(f: GeneratedFile, { doc, name, base, members = [] }: InterfaceDecl): void {
  const heritage = base === undefined ? "" : [" extends ", base];
  f.print(f.jsDoc(doc));
  f.print(f.export("interface", name), heritage, members.length === 0 ? " {}" : " {");
  for (const [i, member] of members.entries()) {
    if (i > 0) {
      f.print();
    }
    f.print(f.jsDoc(member.doc, "  "));
    f.print("  ", member.signature, ";");
  }
  if (members.length > 0) {
    f.print("}");
  }
  f.print();
}

function printFunction(f: GeneratedFile, declaration: FunctionDecl, isTyped: boolean): void {
  const names = separated(declaration.params.map((param) => param.name));
  f.print(
    f.export("function", declaration.name),
    isTyped ? head(declaration) : ["(", names, ")"],
    " {",
  );
  f.print("  return ", written(declaration.call, isTyped), ";");
  f.print("}");
}

function written({ callee, types, args }: Call, isTyped: boolean): Printable {
  return [
    callee,
    isTyped && types !== undefined ? ["<", types, ">"] : "",
    "(",
    separated(args),
    ")",
  ];
}

/** Parameters and return type. */
function head({ params, returns }: FunctionDecl): Printable {
  const typed = params.map(({ name, type, isOptional }) => [name, isOptional ? "?: " : ": ", type]);
  return ["(", separated(typed), "): ", returns];
}

/** A list with commas. */
export function separated(items: readonly Printable[]): Printable {
  return items.flatMap((item, i) => (i === 0 ? [item] : [", ", item]));
}
