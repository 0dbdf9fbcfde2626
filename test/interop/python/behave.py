# SPDX-License-Identifier: Apache-2.0
"""The behaviour of the test service, and what it saw of its calls."""

import threading

import grpc
from values import STATUS_DETAILS, AwaitResponse, ErrorInfo, Status, TestResponse, from_metadata, to_metadata

RECEIVED, HALF_CLOSED, ENDED, BEGUN = 1, 2, 3, 4
ECHOES = {
    "x-grpc-test-echo-initial": "initial",
    "x-grpc-test-echo-initial-bin": "initial",
    "x-grpc-test-echo-trailing": "trailing",
    "x-grpc-test-echo-trailing-bin": "trailing",
}
CODES = {code.value[0]: code for code in grpc.StatusCode}


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
    observer.tell(call, BEGUN)
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
