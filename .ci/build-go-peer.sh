#!/usr/bin/env bash
# Builds a Go program that speaks to tests or benchmarks: .ci/build-go-peer.sh FOLDER BIN. FOLDER has
# its module and a buf.gen.yaml; the program becomes BIN/peer. Needs Go, and the Go module proxy for
# what has not been downloaded yet.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=$1
bin=$PWD/$2
mkdir -p "$bin"
(
  cd "$folder"
  # The generators, in the versions that go.mod has.
  go build -o "$bin/" google.golang.org/protobuf/cmd/protoc-gen-go \
    google.golang.org/grpc/cmd/protoc-gen-go-grpc connectrpc.com/connect/cmd/protoc-gen-connect-go
)
PATH=$bin:$PATH npx buf generate --template "$folder/buf.gen.yaml"
(cd "$folder" && go vet ./... && go build -o "$bin/peer" .)
