// SPDX-License-Identifier: Apache-2.0
import { ANY_PSEUDO, FieldKind, HeaderField } from "./header-field.js";

/** Why a list is malformed, whatever it is for. */
const Flaw = {
  INVALID: "a field name or value has octets that are not allowed",
  CONNECTION_SPECIFIC: "a connection-specific field",
  UNKNOWN_PSEUDO: "an unknown pseudo-header field",
  PSEUDO_ORDER: "a pseudo-header field after other fields",
  DUPLICATE_PSEUDO: "a pseudo-header field twice",
} as const;

let nextId = 0;

/**
 * The fields of a request, a response or trailers, in order. Lists do not change once they are on
 * their way. A received list that repeats an earlier one may be the same object: what an embedder
 * makes of it can be kept in {@link HeaderList.memo}. A list that is sent again and again should be
 * made once, with `reused`: from the second time on it is copied as the octets it became.
 */
export class HeaderList {
  readonly fields: HeaderField[] = [];
  /** Whether it is sent more than once, so that its encoding is worth keeping. */
  readonly reused: boolean;
  /** Tells lists that are reused apart, roughly. */
  readonly id: number;
  /** Octets by the measure of `SETTINGS_MAX_HEADER_LIST_SIZE`. */
  size = 0;
  /** The kinds of all fields, as bits of `FieldKind`. */
  kinds = 0;
  /** What is wrong with it, if something is. */
  flaw: string | undefined = undefined;
  /** Whatever the embedder wants to know again when it meets this object again. */
  memo: unknown = undefined;

  constructor(reused = false) {
    this.reused = reused;
    this.id = reused ? nextId++ : 0;
  }

  /** A list of these fields. Names must be in lower case. */
  static of(
    fields: Iterable<readonly [name: string, value: string]>,
    { reused = false }: { reused?: boolean } = {},
  ): HeaderList {
    const list = new HeaderList(reused);
    for (const [name, value] of fields) list.add(new HeaderField(name, value));
    return list;
  }

  /**
   * A list of these fields and more: for what calls have in common and what each has of its own. What
   * is common is checked once.
   */
  concat(fields: Iterable<readonly [name: string, value: string]>): HeaderList {
    const list = new HeaderList();
    for (const field of this.fields) list.add(field);
    for (const [name, value] of fields) list.add(new HeaderField(name, value));
    return list;
  }

  /** Appends a field. */
  add(field: HeaderField): void {
    const { kind } = field;
    if (kind !== 0) this.flaw ??= this.#findFlaw(kind);
    this.kinds |= kind === 0 ? REGULAR : kind & ANY_PSEUDO ? kind : kind | REGULAR;
    this.size += field.size;
    this.fields.push(field);
  }

  /** The first value of a field; `undefined`: there is none. */
  get(name: string): string | undefined {
    for (const field of this.fields) if (field.name === name) return field.value;
    return undefined;
  }

  /** `:status` as a number; 0 if there is none or it is no status. */
  get status(): number {
    if (!(this.kinds & FieldKind.STATUS)) return 0;
    const value = this.get(":status") ?? "";
    return /^[1-9]\d\d$/.test(value) ? Number(value) : 0;
  }

  #findFlaw(kind: number): string | undefined {
    if (kind & FieldKind.INVALID) return Flaw.INVALID;
    if (kind & FieldKind.CONNECTION_SPECIFIC) return Flaw.CONNECTION_SPECIFIC;
    if (!(kind & ANY_PSEUDO)) return undefined;
    if (kind & FieldKind.UNKNOWN_PSEUDO) return Flaw.UNKNOWN_PSEUDO;
    if (this.kinds & REGULAR) return Flaw.PSEUDO_ORDER;
    return this.kinds & kind ? Flaw.DUPLICATE_PSEUDO : undefined;
  }
}

/** The bit of `kinds` that says that there is a field that is no pseudo-header field. */
const REGULAR = 1 << 16;
