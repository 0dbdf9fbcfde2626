#!/usr/bin/env bash
# Builds the Go programs of the interop tests to .tmp/interop/bin: the peer, grpc-go's health client and
# grpcurl.
set -euo pipefail
cd "$(dirname "$0")"
root=$(cd ../../.. && pwd)
bin=$root/.tmp/interop/bin
"$root/.ci/build-go-peer.sh" test/interop/go .tmp/interop/bin
go build -o "$bin/health" ./health
# In a folder of its own, so that it has the versions of its own go.mod.
(cd "$bin" && GOBIN=$bin go install github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3)
