// SPDX-License-Identifier: Apache-2.0
import type { Case } from "./case.js";
import { compressionCases } from "./compression.js";
import { endCases } from "./ends.js";
import { messageCases } from "./messages.js";
import { metadataCases } from "./metadata.js";
import { statusCases } from "./statuses.js";

/** All cases. */
export const cases: readonly Case[] = [
  ...messageCases,
  ...metadataCases,
  ...statusCases,
  ...endCases,
  ...compressionCases,
];
