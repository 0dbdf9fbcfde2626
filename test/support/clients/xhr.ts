// SPDX-License-Identifier: Apache-2.0
// The part of XMLHttpRequest that the package `grpc-web` uses, on fetch: it shows text as it arrives.

type Listener = (() => void) | null;

/** Makes a global `XMLHttpRequest`. Returns how to take it away. */
export function installXhr(): () => void {
  Object.assign(globalThis, { XMLHttpRequest: FetchXhr });
  return () => Reflect.deleteProperty(globalThis, "XMLHttpRequest");
}

class FetchXhr {
  onreadystatechange: Listener = null;
  readyState = 0;
  responseText = "";
  responseType = "";
  withCredentials = false;
  status = 0;
  statusText = "";
  readonly #controller = new AbortController();
  readonly #header = new Headers();
  #method = "";
  #url = "";
  #response: Response | undefined;

  open(method: string, url: string): void {
    this.#method = method;
    this.#url = url;
    this.#enter(1);
  }

  setRequestHeader(name: string, value: string): void {
    this.#header.append(name, value);
  }

  send(body: string): void {
    this.#run(body).catch(() => {
      this.status = 0;
      this.#enter(4);
    });
  }

  abort(): void {
    this.#controller.abort();
  }

  getResponseHeader(name: string): string | null {
    return this.#response?.headers.get(name) ?? null;
  }

  getAllResponseHeaders(): string {
    const lines = [...(this.#response?.headers ?? [])].map(([name, value]) => `${name}: ${value}`);
    return lines.join("\r\n");
  }

  async #run(body: string): Promise<void> {
    const { signal } = this.#controller;
    const init = { method: this.#method, headers: this.#header, body, signal };
    const response = await fetch(this.#url, init);
    this.#response = response;
    this.status = response.status;
    this.statusText = response.statusText;
    this.#enter(2);
    for await (const chunk of response.body ?? []) {
      this.responseText += Buffer.from(chunk).toString("latin1");
      this.#enter(3);
    }
    this.#enter(4);
  }

  #enter(state: number): void {
    this.readyState = state;
    this.onreadystatechange?.();
  }
}
