# SPDX-License-Identifier: Apache-2.0
"""Reads our options from the Python code that protoc generates. The folder of that code is in PYTHONPATH."""

from catalog.v1 import catalog_pb2
from connectstream.v1 import options_pb2

service = catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"]
general = service.GetOptions().Extensions[options_pb2.service]
assert general.client.timeout_ms == 5000, general
assert list(general.client.retry.retryable_codes) == [options_pb2.CODE_UNAVAILABLE], general
assert general.errors[0].code == options_pb2.CODE_NOT_FOUND, general

method = service.methods_by_name["Watch"].GetOptions().Extensions[options_pb2.method]
assert method.server.timeouts.send_ms == 30000, method
assert method.server.queues.send.when_full == options_pb2.WHEN_FULL_DROP_OLDEST, method
assert method.heartbeat.field == "heartbeat", method
