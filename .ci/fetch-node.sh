#!/usr/bin/env bash
# Fetches the newest Node.js of a major version (the argument) from the npm registry, unless that has
# been done before. Prints the folder of its program, to be put in front of PATH.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.tmp/node-$1
package=node-$(node -p '`${process.platform}-${process.arch}`')
bin=$PWD/$folder/node_modules/$package/bin
[ -x "$bin/node" ] || npm install --no-save --silent --prefix "$folder" "$package@$1" >&2
case "$("$bin/node" --version)" in
  "v$1."*) echo "$bin" ;;
  *) echo "$bin has Node.js $("$bin/node" --version), not $1" >&2 && exit 1 ;;
esac
