// SPDX-License-Identifier: Apache-2.0

/** The longest delay that a timer can hold, in milliseconds; a longer one would fire at once. */
export const MAX_TIMER_MS: number = 2 ** 31 - 1;
