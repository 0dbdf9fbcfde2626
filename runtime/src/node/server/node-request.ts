// SPDX-License-Identifier: Apache-2.0
import { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { HeaderList } from "../../http2/index.js";
import { joinedValue } from "../http2/header-lists.js";

/** The head of a request as Node has it, for options that take Node's. It has no body to read. */
export function toNodeRequest(list: HeaderList, socket: Socket): IncomingMessage {
  const request = new IncomingMessage(socket);
  request.httpVersion = "2.0";
  request.httpVersionMajor = 2;
  request.httpVersionMinor = 0;
  request.method = list.get(":method") ?? "";
  request.url = list.get(":path") ?? "";
  for (const { name, value } of list.fields) {
    request.rawHeaders.push(name, value);
    if (name === "set-cookie") request.headers[name] = [...(request.headers[name] ?? []), value];
    else request.headers[name] = joinedValue(list, name);
  }
  request.headers.host ??= list.get(":authority");
  return request;
}
