# SPDX-License-Identifier: Apache-2.0
"""A server of gRPC's C core."""

from concurrent import futures

import grpc
from behave import behave, observer
from values import NO_LIMIT, AwaitRequest, AwaitResponse, TestRequest, TestResponse


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
