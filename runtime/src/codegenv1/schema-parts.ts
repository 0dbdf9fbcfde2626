// SPDX-License-Identifier: Apache-2.0
import { withMetadata } from "../client/with-metadata.js";
import { heartbeatOf } from "../protocol/heartbeat.js";
import type { SchemaParts } from "./create-client.js";

/** All that a schema may ask of a client. */
export const schemaParts: SchemaParts = { withMetadata, heartbeatOf };
