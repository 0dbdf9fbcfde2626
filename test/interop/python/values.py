# SPDX-License-Identifier: Apache-2.0
"""Messages of interop.proto, and metadata as the tests have it.

Messages are made at run time, from the descriptors that are the program's argument, a FileDescriptorSet in
base64: so Debian's python3-grpcio is all that it needs.
"""

import base64
import sys

from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message_factory import MessageFactory

STATUS_DETAILS = "grpc-status-details-bin"
# Messages have no limit of size.
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
