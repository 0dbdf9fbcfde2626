// SPDX-License-Identifier: Apache-2.0
import type { NextConfig } from "next";

// Next.js compresses responses, and holds messages back to do so.
export default { compress: false } satisfies NextConfig;
