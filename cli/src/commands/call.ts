// SPDX-License-Identifier: Apache-2.0
import { callOptions, parseCall } from "../call/options.js";
import { Session } from "../call/session.js";
import type { Command } from "../command.js";
import { connect } from "../connection.js";
import type { Io } from "../io.js";
import { findMethod } from "../schema/find-method.js";
import { openSchema } from "../schema/open.js";
import { completeRpc } from "./list.js";

const help = `
Sends and receives JSON, one document a line, as messages arrive. Messages to send come from
--data or standard input; on a terminal, a call that sends a stream has a prompt. A call that takes one
message and gets none sends an empty one.

  connect-stream call http://localhost:8080 chat.v1.ChatService/Connect
  connect-stream call http://localhost:8080 monitor.v1.MonitorService/Watch -d '{"interval": 1}' -n 3

Exit codes: 0, 64 + status code for a failed call, 1 for other failures, 2 for the command line.
`;

/** `connect-stream call`: calls an RPC. */
export const call: Command = {
  summary: "call an RPC, of any kind, over any protocol",
  usage: "URL SERVICE/METHOD",
  help,
  options: callOptions,
  run,
  complete: completeRpc,
};

async function run(args: readonly string[], io: Io): Promise<number> {
  const settings = parseCall(args);
  const { values, url, rpc } = settings;
  const connection = connect(url, values, io.cwd);
  try {
    const schema = await openSchema(values.schema, connection, io, io.signal);
    try {
      const method = await findMethod(schema, rpc);
      return await new Session(settings, connection, { method, schema, io }).run();
    } finally {
      schema.close();
    }
  } finally {
    await connection.close();
  }
}
