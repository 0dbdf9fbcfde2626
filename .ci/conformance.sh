#!/bin/sh
# The Connect conformance suite: server, client, and Connect-Node's own adapter for comparison.
# Arguments: suites, as of test/conformance/main.ts.
set -eu
cd "$(dirname "$0")/.."
exec node_modules/.bin/tsx test/conformance/main.ts "$@"
