#!/usr/bin/env bash
# Builds the Go peer of the interop tests to .tmp/interop/bin/peer.
set -euo pipefail
exec "$(dirname "$0")/../../../.ci/build-go-peer.sh" test/interop/go .tmp/interop/bin
