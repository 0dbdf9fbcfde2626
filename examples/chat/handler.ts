// SPDX-License-Identifier: Apache-2.0
// Bidirectional streaming: a room in which everyone hears everyone.
import { Code, ConnectError } from "@connectrpc/connect";
import type { ChatServiceHandler, ConnectServerStream } from "../../gen/chat/v1/chat_stream.js";

/** Messages to keep for a member who does not read, before the member has to leave. */
const MAX_WAITING = 100;

/** Tells one member what was said. Does not wait for that member to read it. */
type Tell = (said: { message: string; userId: string; timestamp: string }) => void;

export function createChat(log: (line: string) => void): ChatServiceHandler {
  const room = new Set<Tell>();
  return {
    async connect(stream) {
      const tooSlow = new AbortController();
      const tell = teller(stream, tooSlow);
      room.add(tell);
      log(`a member came, now ${room.size}`);
      // Tells the client that it is in the room, before anyone has said anything.
      stream.sendHeaders();
      try {
        while (true) {
          const said = await stream.recv({ signal: tooSlow.signal });
          if (!said) return; // the client half-closed: it leaves in peace
          const timestamp = new Date().toISOString();
          for (const each of room) each({ message: said.message, userId: said.userId, timestamp });
        }
      } finally {
        // However it ended: left, canceled, lost, or too slow.
        room.delete(tell);
        log(`a member left, now ${room.size}`);
      }
    },
  };
}

function teller(stream: ConnectServerStream, tooSlow: AbortController): Tell {
  let waiting = 0;
  return (said) => {
    if (waiting >= MAX_WAITING) {
      const reason = `more than ${MAX_WAITING} messages wait for you to read them`;
      return tooSlow.abort(new ConnectError(reason, Code.ResourceExhausted));
    }
    waiting++;
    // Messages leave in the order of the calls, so nobody has to wait here for a slow member.
    stream.send(said).then(
      () => waiting--,
      () => {}, // the member has gone; `recv` says so too
    );
  };
}
