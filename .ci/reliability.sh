#!/usr/bin/env bash
# Faults, model, fuzz and load tests, in their short forms; RELIABILITY=long runs the long ones.
set -euo pipefail
cd "$(dirname "$0")/.."
NO_COLOR=1 npm run --silent reliability -- "$@"
