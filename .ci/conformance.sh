#!/usr/bin/env bash
# The Connect conformance suite: server, client, and Connect-Node's own adapter for comparison.
# Arguments: suites, as of test/conformance/main.ts. Exits with 77 if it cannot run here.
set -euo pipefail
cd "$(dirname "$0")/.."
if ! command -v go >/dev/null; then
  mkdir -p .tmp
  echo "the suite's runner is a Go program, and there is no go in PATH to build it" | tee .tmp/skip-reason >&2
  exit 77
fi
exec npx tsx test/conformance/main.ts "$@"
