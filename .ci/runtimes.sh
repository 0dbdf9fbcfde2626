#!/usr/bin/env bash
# Runs the examples' scenarios on Bun, Deno and workerd, and compares docs/runtimes.md with what came of
# it: test/runtimes. The programs come from the npm registry, whose packages have them for each
# platform. Exits with 77 if it has none for this machine. Arguments: those of test/runtimes/main.ts.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(bun@1.4.5 deno@2.9.6 workerd@1.20261117.1)
folder=.tmp/runtimes/packages
mkdir -p "$folder"
if [ "$(cat "$folder/installed" 2>/dev/null)" != "${packages[*]}" ]; then
  rm -rf "$folder"
  mkdir -p "$folder"
  # Install scripts only move the programs, or fetch what the packages have already.
  if ! npm install --no-save --ignore-scripts --no-audit --no-fund --loglevel=error \
    --prefix "$folder" "${packages[@]}"; then
    echo "npm cannot install ${packages[*]} here" | tee .tmp/skip-reason >&2
    exit 77
  fi
  echo "${packages[*]}" >"$folder/installed"
fi
npm run --silent build
npx tsx test/runtimes/main.ts "$folder" "$@"
