// SPDX-License-Identifier: Apache-2.0

/**
 * `work`, or an error once it takes longer than `ms` milliseconds: software that is not ours must not
 * hang the run. `message` is asked when that happens.
 */
export async function within<T>(ms: number, work: Promise<T>, message: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message())), ms);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** What a case waits for, for the message when it hangs. */
export class Pending {
  readonly #names = new Map<Promise<unknown>, string>();

  async track<T>(name: string, work: Promise<T>): Promise<T> {
    this.#names.set(work, name);
    return work.finally(() => this.#names.delete(work));
  }

  toString(): string {
    return [...this.#names.values()].join(", ") || "nothing of the peers";
  }
}
