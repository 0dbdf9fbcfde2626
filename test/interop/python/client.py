# SPDX-License-Identifier: Apache-2.0
"""A call of a client of gRPC's C core."""

import base64
import queue
import threading

import grpc
from google.protobuf import json_format
from values import STATUS_DETAILS, Status, TestRequest, TestResponse, from_metadata, to_metadata


class Call:
    def __init__(self, channel, path, kind, headers, timeout_ms):
        self.kind = kind
        # None ends them.
        self.requests = queue.Queue()
        self.metadata = to_metadata(headers)
        self.timeout = timeout_ms / 1000 if timeout_ms else None
        self.rpc = None
        self.taken = False
        self.started = threading.Event()
        make = {
            "unary": channel.unary_unary,
            "server_streaming": channel.unary_stream,
            "client_streaming": channel.stream_unary,
            "bidi_streaming": channel.stream_stream,
        }[kind]
        self.method = make(path, TestRequest.SerializeToString, TestResponse.FromString)
        if kind == "client_streaming":
            self.start(self.method.future, iter(self.requests.get, None))
        elif kind == "bidi_streaming":
            self.start(self.method, iter(self.requests.get, None))

    def start(self, start, argument):
        self.rpc = start(argument, metadata=self.metadata, timeout=self.timeout)
        self.started.set()

    def send(self, messages):
        for message in messages:
            self.requests.put(json_format.ParseDict(message, TestRequest()))

    def close_send(self):
        if self.kind == "unary":
            self.start(self.method.future, self.requests.get())
        elif self.kind == "server_streaming":
            self.start(self.method, self.requests.get())
        else:
            self.requests.put(None)

    def recv(self, limit):
        self.started.wait()
        messages = []
        try:
            if self.kind in ("unary", "client_streaming"):
                if not self.taken:
                    self.taken = True
                    messages.append(self.rpc.result())
            else:
                while len(messages) < limit:
                    messages.append(next(self.rpc))
        except (StopIteration, grpc.RpcError, grpc.FutureCancelledError):
            pass
        return [json_format.MessageToDict(message) for message in messages]

    def cancel(self):
        self.started.wait()
        self.rpc.cancel()

    def end(self):
        while self.recv(1000):
            pass
        self.requests.put(None)
        trailer = from_metadata(self.rpc.trailing_metadata())
        details = []
        for packed in trailer.get(STATUS_DETAILS, []):
            for detail in Status.FromString(base64.b64decode(packed)).details:
                value = base64.b64encode(detail.value).decode()
                details.append({"type": detail.type_url.split("/")[-1], "value": value})
        return {
            "code": self.rpc.code().value[0],
            "message": self.rpc.details() or "",
            "details": details,
            "header": from_metadata(self.rpc.initial_metadata()),
            "trailer": trailer,
        }
