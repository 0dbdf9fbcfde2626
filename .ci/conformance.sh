#!/bin/sh
# The Connect conformance suite: server, client, and Connect-Node's own adapter for comparison.
# Arguments: suites, as of test/conformance/main.ts.
set -eu
cd "$(dirname "$0")/.."
if ! command -v go >/dev/null && [ ! -x .tmp/conformance/bin-*/connectconformance ]; then
  echo "skipped: the suite's runner is a Go program, and there is no go in PATH to build it"
  exit 0
fi
exec node_modules/.bin/tsx test/conformance/main.ts "$@"
