// SPDX-License-Identifier: Apache-2.0
import type { Http2Connection } from "../../../runtime/src/http2/index.js";
import type { Half } from "./half.js";
import type { World } from "./world.js";

/** What must hold when all that was sent has arrived, and everybody reads. */
export function checkQuiet(world: World): void {
  const closed = world.client.closed || world.server.closed;
  expect(world.leaving || !closed, "a connection has closed");
  expect(world.client.closed === world.server.closed, "a connection is half closed");
  for (const call of world.calls) checkCall(call);
  for (const half of [...world.calls, ...world.served]) checkHalf(half);
  if (!closed) {
    checkWindows(world.client, world.server);
    checkWindows(world.server, world.client);
  }
  const running = world.served.filter(({ stream }) => !stream.closed || !stream.released).length;
  expect(world.server.streams.slots === running, "slots that nobody has, or the reverse");
  expect(world.client.streams.slots === world.client.openStreams, "slots of a client");
}

function checkCall(call: Half): void {
  const { other } = call;
  if (other) return;
  const unheard = call.sent.reset || call.failure?.processed === false;
  call.expect(unheard, "a request that nobody has heard of");
}

function checkHalf(half: Half): void {
  half.expect(half.failure?.kind !== "connection", "a call lost with its connection");
  const { other, stream, sent } = half;
  if (sent.reset || sent.stop || half.failure || !other) return;
  // A reset is heard, unless the stream was over on this side.
  if (other.sent.reset) {
    const over = half.ended && (!half.fromServer || sent.ended);
    return half.expect(over, "a reset not heard");
  }
  const theirs = other.sent;
  const cut = other.failure !== undefined || (other.stream.closed && !theirs.ended);
  if (!cut && !stream.closed) half.expect(half.received === theirs.bytes, "data that has not come");
  if (theirs.ended && !cut) half.expect(half.ended, "an end that has not come");
  if (!stream.closed && !stream.ending) half.expect(!half.full, "no drain, with all room there is");
}

/** What one end may send is what the other expects, for the connection and each stream. */
function checkWindows(sender: Http2Connection, receiver: Http2Connection): void {
  expect(sender.outbound.sendWindow === receiver.inbound.credit, "connection windows differ");
  for (const stream of sender.streams.open.list()) {
    const { id } = stream;
    const other = receiver.streams.open.get(id);
    if (!other || stream.localEnded) continue;
    expect(stream.sendWindow === other.receiveWindow, `windows of stream ${id} differ`);
    expect(other.unread === 0, `stream ${id} counts bytes that it does not hold`);
  }
}

function expect(holds: boolean, message: string): void {
  if (!holds) throw new Error(message);
}
