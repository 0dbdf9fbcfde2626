#!/usr/bin/env bash
# Fetches the newest Node.js of a major version (the argument) from the npm registry, unless that has
# been done before. Prints the folder of its program, to be put in front of PATH. Exits with 77 if
# the registry has none for this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.tmp/node-$1
package=node-$(node -p '`${process.platform}-${process.arch}`')
bin=$PWD/$folder/node_modules/$package/bin
if [ ! -x "$bin/node" ]; then
  mkdir -p .tmp
  if [[ $(npm view "$package@$1" version --json 2>/dev/null) == *'"E404"'* ]]; then
    echo "Node.js $1 comes from npm, which has no $package of that version" | tee .tmp/skip-reason >&2
    exit 77
  fi
  mkdir -p "$folder"
  npm install --no-save --silent --prefix "$folder" "$package@$1" >&2
fi
case "$("$bin/node" --version)" in
  "v$1."*) echo "$bin" ;;
  *) echo "$bin has Node.js $("$bin/node" --version), not $1" >&2 && exit 1 ;;
esac
