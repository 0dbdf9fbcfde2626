// SPDX-License-Identifier: Apache-2.0
/**
 * @packageDocumentation Protoplugin, by its CommonJS build. Both builds load the whole TypeScript
 * compiler, which we do not use. As an ES module Node also searches the compiler's nine megabytes
 * for the names that it exports, and the start of the program takes twice as long.
 */
import { createRequire } from "node:module";
import type * as protoplugin from "@bufbuild/protoplugin";

// Bundlers, which have a `require`, follow that one.
const commonJs: typeof protoplugin =
  typeof require === "function"
    ? require("@bufbuild/protoplugin")
    : createRequire(import.meta.url)("@bufbuild/protoplugin");

export const createEcmaScriptPlugin: typeof protoplugin.createEcmaScriptPlugin =
  commonJs.createEcmaScriptPlugin;

export const safeIdentifier: typeof protoplugin.safeIdentifier = commonJs.safeIdentifier;
