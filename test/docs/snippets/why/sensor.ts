// SPDX-License-Identifier: Apache-2.0
import { EventEmitter } from "node:events";

export interface Sample {
  cpu: number;
  memory: number;
}

export const sensor = new EventEmitter<{ sample: [Sample]; end: [] }>();
