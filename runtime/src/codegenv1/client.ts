// SPDX-License-Identifier: Apache-2.0
import { allParts } from "../client/all-parts.js";
import { type CreateClient, createClient } from "./create-client.js";
import { schemaParts } from "./schema-parts.js";

/** The client of any service. */
export const createServiceClient: CreateClient = (...args) =>
  createClient(allParts, schemaParts, ...args);

/**
 * The client of a service whose schema declares neither initial metadata nor heartbeats. Bundles of
 * these alone have no code for them.
 */
export const createPlainServiceClient: CreateClient = (...args) =>
  createClient(allParts, {}, ...args);
