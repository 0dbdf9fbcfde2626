// SPDX-License-Identifier: Apache-2.0

/**
 * Lengths in bits of the code of each octet, and of the end of string. The code is canonical: shorter
 * codes first, and by octet among those of one length, so that lengths are all there is to know.
 * https://www.rfc-editor.org/rfc/rfc7541.html#appendix-B
 */
const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28,
  28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5,
  6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6,
  7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
  23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24, 22, 21, 20, 22,
  22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22,
  23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27,
  27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25,
  24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const END_OF_STRING = 256;
const MAX_CODE_LENGTH = 30;

const lengths = Uint8Array.from(CODE_LENGTHS);
const codes = makeCodes();

function makeCodes(): Uint32Array {
  const made = new Uint32Array(CODE_LENGTHS.length);
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    code *= 2;
    CODE_LENGTHS.forEach((l, symbol) => {
      if (l === length) made[symbol] = code++;
    });
  }
  return made;
}

/**
 * The code as a machine that takes four bits at a time. A state is an inner node of the tree, and
 * `transitions[state * 16 + bits]` has the next state in its upper half and what it means below. No
 * code is shorter than five bits, so four complete one at most.
 */
const SYMBOL = 0xff;
const EMITS = 0x100;
const INVALID = 0x200;

const { transitions, mayEnd } = makeMachine();

function makeTree(): number[] {
  // Two children a node: an inner node's number, or -1 - symbol.
  const children = [0, 0];
  CODE_LENGTHS.forEach((length, symbol) => {
    const code = codes[symbol] ?? 0;
    let node = 0;
    for (let bit = length - 1; bit > 0; bit--) {
      const at = 2 * node + ((code >>> bit) & 1);
      if (!children[at]) {
        children[at] = children.length / 2;
        children.push(0, 0);
      }
      node = children[at] ?? 0;
    }
    children[2 * node + (code & 1)] = -1 - symbol;
  });
  return children;
}

function makeMachine(): { transitions: Uint32Array; mayEnd: Uint8Array } {
  const children = makeTree();
  const states = children.length / 2;
  const made = new Uint32Array(states * 16);
  for (let state = 0; state < states; state++) {
    for (let bits = 0; bits < 16; bits++) made[state * 16 + bits] = step(children, state, bits);
  }
  // What fills the last octet: up to seven bits of the end of string, which are all ones.
  const ends = new Uint8Array(states);
  for (let node = 0, bits = 0; bits < 8; bits++) {
    ends[node] = 1;
    node = children[2 * node + 1] ?? 0;
  }
  return { transitions: made, mayEnd: ends };
}

function step(children: number[], state: number, bits: number): number {
  let node = state;
  let meaning = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[2 * node + ((bits >>> bit) & 1)] ?? 0;
    if (child >= 0) {
      node = child;
    } else {
      const symbol = -1 - child;
      if (symbol === END_OF_STRING) return INVALID;
      meaning = EMITS | symbol;
      node = 0;
    }
  }
  return (node << 16) | meaning;
}

/**
 * Decodes `bytes` into `target`, which must have room for 8/5 as many. Returns how many octets that
 * makes, or -1 if it is no valid encoding.
 */
export function huffmanDecode(
  bytes: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const octet = bytes[i] as number;
    const high = transitions[(state << 4) | (octet >>> 4)] as number;
    if (high & EMITS) target[length++] = high & SYMBOL;
    const low = transitions[((high >>> 16) << 4) | (octet & 15)] as number;
    if (low & EMITS) target[length++] = low & SYMBOL;
    if ((high | low) & INVALID) return -1;
    state = low >>> 16;
  }
  return mayEnd[state] ? length : -1;
}

/** How many octets a string of octets takes when it is encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += lengths[text.charCodeAt(i) & 0xff] as number;
  return (bits + 7) >>> 3;
}

/** Encodes a string of octets into `target` from `at` on. Returns where it ends. */
export function huffmanEncode(text: string, target: Uint8Array, at: number): number {
  let end = at;
  // Bits not yet written: fewer than eight, then up to sixteen more.
  let pending = 0;
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const octet = text.charCodeAt(i) & 0xff;
    const code = codes[octet] as number;
    let left = lengths[octet] as number;
    while (left > 0) {
      const taken = left > 16 ? left - 16 : left;
      left -= taken;
      pending = (pending << taken) | ((code >>> left) & ((1 << taken) - 1));
      count += taken;
      while (count >= 8) {
        count -= 8;
        target[end++] = pending >>> count;
        pending &= (1 << count) - 1;
      }
    }
  }
  if (count > 0) target[end++] = (pending << (8 - count)) | (0xff >>> count);
  return end;
}
