# SPDX-License-Identifier: Apache-2.0
"""gRPC's C core as a peer of the interop tests; see ../peers/child.ts for the commands.

Needs Debian's python3-grpcio alone: messages are made at run time, from the descriptors that are its
argument, a FileDescriptorSet in base64.
"""

import base64
import json
import os
import queue
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format
from google.protobuf.message_factory import MessageFactory

STATUS_DETAILS = "grpc-status-details-bin"
RECEIVED, HALF_CLOSED, ENDED = 1, 2, 3
ECHOES = {
    "x-grpc-test-echo-initial": "initial",
    "x-grpc-test-echo-initial-bin": "initial",
    "x-grpc-test-echo-trailing": "trailing",
    "x-grpc-test-echo-trailing-bin": "trailing",
}
CODES = {code.value[0]: code for code in grpc.StatusCode}
NO_LIMIT = [("grpc.max_receive_message_length", -1)]


def load():
    pool = descriptor_pool.DescriptorPool()
    files = descriptor_pb2.FileDescriptorSet.FromString(base64.b64decode(sys.argv[1]))
    for file in files.file:
        pool.Add(file)
    factory = MessageFactory(pool)
    return lambda name: factory.GetPrototype(pool.FindMessageTypeByName("interop.v1." + name))


message_type = load()
TestRequest = message_type("TestRequest")
TestResponse = message_type("TestResponse")
ErrorInfo = message_type("ErrorInfo")
Status = message_type("Status")
AwaitRequest = message_type("AwaitRequest")
AwaitResponse = message_type("AwaitResponse")


def to_metadata(headers):
    return [
        (name, base64.b64decode(value) if name.endswith("-bin") else value)
        for name, values in headers.items()
        for value in values
    ]


def from_metadata(metadata):
    headers = {}
    for name, value in metadata or ():
        # HTTP lets a field's values travel as one.
        texts = [base64.b64encode(value).decode()] if name.endswith("-bin") else value.split(", ")
        headers.setdefault(name, []).extend(texts)
    return headers


class Observer:
    """What the server saw of its calls."""

    def __init__(self):
        self.seen = {}
        self.changed = threading.Condition()

    def tell(self, call, event, code=0):
        with self.changed:
            self.seen.setdefault((call, event), code)
            self.changed.notify_all()

    def await_event(self, request, context):
        key = (request.call_id, request.event)
        with self.changed:
            self.changed.wait_for(lambda: key in self.seen or not context.is_active())
            return AwaitResponse(code=self.seen.get(key, -1))


observer = Observer()


class Failure(Exception):
    """What a request asks the call to end with."""

    def __init__(self, status):
        self.status = status


class Cancelled(Exception):
    pass


def responses_to(request):
    for size in request.response_sizes:
        yield TestResponse(text=request.text, payload=bytes(size))
    if request.echo:
        yield TestResponse(text=request.text, payload=request.payload)


def answers(requests, call, gone, summary):
    sent = received = received_bytes = 0
    last = None
    for last in requests:
        received += 1
        received_bytes += len(last.payload)
        observer.tell(call, RECEIVED)
        if not summary:
            for response in responses_to(last):
                response.number = sent
                sent += 1
                yield response
        if last.status.code:
            raise Failure(last.status)
        if last.hang:
            gone.wait()
            raise Cancelled
        if last.finish:
            break
    if not (last and last.finish):
        observer.tell(call, HALF_CLOSED)
    if last and last.hang_at_end:
        gone.wait()
        raise Cancelled
    if summary:
        response = next(responses_to(last), None) if last else None
        response = response or TestResponse()
        response.number = received
        response.received_bytes = received_bytes
        yield response


def behave(requests, context, summary):
    """The handler of all RPCs that have behaviour."""
    header = from_metadata(context.invocation_metadata())
    call = header.get("x-call-id", [""])[0]
    gone = threading.Event()
    if not context.add_callback(gone.set):
        gone.set()
    echo = {"initial": {}, "trailing": {}}
    for name in ECHOES.keys() & header.keys():
        echo[ECHOES[name]][name] = header[name]
    context.send_initial_metadata(to_metadata(echo["initial"]))
    trailing = to_metadata(echo["trailing"])
    context.set_trailing_metadata(trailing)
    code = grpc.StatusCode.CANCELLED.value[0]
    try:
        yield from answers(requests, call, gone, summary)
        code = 0
    except Failure as failure:
        status = failure.status
        code = status.code
        if status.reason:
            packed = Status(code=code, message=status.message)
            packed.details.add().Pack(ErrorInfo(reason=status.reason))
            trailing.append((STATUS_DETAILS, packed.SerializeToString()))
            context.set_trailing_metadata(trailing)
        context.abort(CODES[code], status.message)
    finally:
        observer.tell(call, ENDED, code)


def serve():
    def method(kind, make):
        return make(
            kind,
            request_deserializer=TestRequest.FromString,
            response_serializer=TestResponse.SerializeToString,
        )

    def only(requests, context):
        response = None
        for response in behave(requests, context, True):
            pass
        return response

    server = grpc.server(
        futures.ThreadPoolExecutor(200), compression=grpc.Compression.Gzip, options=NO_LIMIT
    )
    test = {
        "EmptyCall": method(lambda r, c: TestResponse(), grpc.unary_unary_rpc_method_handler),
        "UnaryCall": method(
            lambda r, c: only(iter([r]), c), grpc.unary_unary_rpc_method_handler
        ),
        "StreamingOutputCall": method(
            lambda r, c: behave(iter([r]), c, False), grpc.unary_stream_rpc_method_handler
        ),
        "StreamingInputCall": method(only, grpc.stream_unary_rpc_method_handler),
        "FullDuplexCall": method(
            lambda r, c: behave(r, c, False), grpc.stream_stream_rpc_method_handler
        ),
    }
    observe = {
        "Await": grpc.unary_unary_rpc_method_handler(
            observer.await_event,
            request_deserializer=AwaitRequest.FromString,
            response_serializer=AwaitResponse.SerializeToString,
        )
    }
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("interop.v1.TestService", test),
            grpc.method_handlers_generic_handler("interop.v1.ObserverService", observe),
        )
    )
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


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
