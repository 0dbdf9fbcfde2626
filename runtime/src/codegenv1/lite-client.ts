// SPDX-License-Identifier: Apache-2.0
import { liteParts } from "../client/lite-parts.js";
import { type CreateClient, createClient } from "./create-client.js";
import { schemaParts } from "./schema-parts.js";

/** `createServiceClient` of `client.ts`, without the code of options. */
export const createServiceClient: CreateClient = (...args) =>
  createClient(liteParts, schemaParts, ...args);

/** `createPlainServiceClient` of `client.ts`, without the code of options. */
export const createPlainServiceClient: CreateClient = (...args) =>
  createClient(liteParts, {}, ...args);
