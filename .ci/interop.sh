#!/usr/bin/env bash
# Foreign clients and servers, and proxies between: test/interop and test/proxies. Installs what it
# needs of Debian (as root), and builds the Go peer.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(nginx haproxy python3-grpcio python3-protobuf)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  if [ "$(id -u)" != 0 ]; then
    echo "needs the Debian packages ${packages[*]}, and root to install them" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >/dev/null
fi

npm run --silent build
if command -v go >/dev/null; then
  bash test/interop/go/build.sh
  export CI_REQUIRE_PEERS=1
else
  echo "skipped: grpc-go and connect-go: Go is not on this machine"
fi
NO_COLOR=1 npx vitest run -c test/interop/vitest.config.ts "$@"
