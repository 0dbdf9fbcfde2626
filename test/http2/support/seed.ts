// SPDX-License-Identifier: Apache-2.0
import fc from "fast-check";

/** Each run of the tests tries the same inputs; `HTTP2_SEED` gives others. */
fc.configureGlobal({ seed: Number(process.env.HTTP2_SEED ?? 1) });
