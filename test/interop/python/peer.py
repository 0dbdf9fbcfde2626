# SPDX-License-Identifier: Apache-2.0
"""gRPC's C core as a peer of the interop tests; see ../peers/child.ts for the commands."""

import json
import os
import sys
import threading

import grpc
from client import Call
from server import serve
from values import NO_LIMIT


class Peer:
    def __init__(self):
        self.calls = {}
        self.server = self.channel = None

    def do(self, op, command):
        if op == "serve":
            self.server, port = serve()
            return {"port": port}
        if op == "dial":
            compression = grpc.Compression.Gzip if command["gzip"] else None
            target = command["url"].replace("http://", "")
            self.channel = grpc.insecure_channel(target, NO_LIMIT, compression)
            return None
        if op == "open":
            self.calls[command["call"]] = Call(
                self.channel,
                command["path"],
                command["kind"],
                command["headers"],
                command.get("timeoutMs"),
            )
            return None
        call = self.calls[command["call"]]
        if op == "send":
            return call.send(command["messages"])
        if op == "closeSend":
            return call.close_send()
        if op == "recv":
            return {"messages": call.recv(command["max"])}
        if op == "cancel":
            return call.cancel()
        if op == "end":
            return call.end()
        raise ValueError(f"no such command: {op}")


def main():
    peer = Peer()
    out = threading.Lock()

    def run(command):
        reply = {"id": command["id"]}
        try:
            reply["result"] = peer.do(command["op"], command)
        except Exception as error:  # The test has to know.
            reply["error"] = repr(error)
        with out:
            print(json.dumps(reply), flush=True)

    for line in sys.stdin:
        threading.Thread(target=run, args=(json.loads(line),), daemon=True).start()
    # Calls that tests have left open need no answer.
    os._exit(0)


main()
