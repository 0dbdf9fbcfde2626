// SPDX-License-Identifier: Apache-2.0

/** Text of one, two, three and four bytes a character. */
export const unicode: string = "zażółć gęślą jaźń, 你好, ☃, 😀";
