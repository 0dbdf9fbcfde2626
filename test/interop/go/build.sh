#!/usr/bin/env bash
# Builds the Go peer of the interop tests to .tmp/interop/bin/peer. Needs Go, and the Go module
# proxy for what has not been downloaded yet.
set -euo pipefail
cd "$(dirname "$0")/../../.."
bin=$PWD/.tmp/interop/bin
mkdir -p "$bin"
(
  cd test/interop/go
  # The generators, in the versions that go.mod has.
  go build -o "$bin/" google.golang.org/protobuf/cmd/protoc-gen-go \
    google.golang.org/grpc/cmd/protoc-gen-go-grpc connectrpc.com/connect/cmd/protoc-gen-connect-go
)
PATH=$bin:$PATH npx buf generate --template test/interop/go/buf.gen.yaml
(cd test/interop/go && go vet ./... && go build -o "$bin/peer" .)
