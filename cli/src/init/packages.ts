// SPDX-License-Identifier: Apache-2.0
/** @packageDocumentation What a project installs: as in the README, a test compares. */
import { VERSION } from "../version.js";

/** What handlers and clients import. */
export const dependencies: Readonly<Record<string, string>> = {
  "@bufbuild/protobuf": "^2.17.0",
  // 2.1 is the last for Node.js 20.
  "@connectrpc/connect": "~2.1.2",
  "@connectrpc/connect-node": "~2.1.2",
  "connect-stream": `^${VERSION}`,
};

/** What generates, checks and runs the code. */
export const devDependencies: Readonly<Record<string, string>> = {
  "@bufbuild/buf": "^1.75.0",
  // Later ones generate code that needs Node.js 22.
  "@bufbuild/protoc-gen-es": "~2.13.0",
  "@types/node": "^20.19.43",
  // For `npx connect-stream`.
  "connect-stream-cli": `^${VERSION}`,
  "protoc-gen-connect-stream": `^${VERSION}`,
  tsx: "^4.23.15",
  typescript: "^6.0.3",
};

/** Commands of a project, as npm scripts. */
export const scripts: Readonly<Record<string, string>> = {
  generate: "buf generate",
  types: "tsc",
  test: "tsx --test src/*/*.test.ts",
  start: "tsx src/counter/server.ts",
  client: "tsx src/counter/client.ts",
};

/** The `package.json` of a project in the folder `name`. */
export function packageJson(name: string): string {
  const content = {
    name: packageName(name),
    private: true,
    type: "module",
    scripts,
    dependencies,
    devDependencies,
  };
  return `${JSON.stringify(content, undefined, 2)}\n`;
}

/** https://docs.npmjs.com/cli/configuring-npm/package-json#name */
function packageName(folder: string): string {
  const name = folder.toLowerCase().replaceAll(/[^a-z0-9._-]+/g, "-");
  return name.replace(/^[._-]+/, "") || "streams";
}
