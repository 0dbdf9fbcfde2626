#!/usr/bin/env bash
# The core of HTTP/2 against programs that are not ours: all cases of h2spec, and Go's HPACK.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .tmp
command -v go >/dev/null || {
  echo "there is no go in PATH" >.tmp/skip-reason
  exit 77
}
npm run build
npx tsx test/http2/h2spec.ts
npx tsx test/http2/hpack-go.ts
