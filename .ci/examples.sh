#!/usr/bin/env bash
# The examples that people deploy, as their readers run them: copies each to a folder outside the
# repository, installs it with the packed packages, checks its types, and runs its server and client.
#
#   .ci/examples.sh [ARGUMENTS OF VITEST]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

npm run --silent build
npm pack --silent --pack-destination "$work" -w runtime -w plugin
cp -r examples/deploy "$work/examples"
for package in "$work"/examples/*/package.json; do
  folder=$(dirname "$package")
  start=$SECONDS
  # The packages as they would come from the registry.
  sed -i -E "s,\"((protoc-gen-)?connect-stream)\": \"[\^]([0-9.]+)\",\"\1\": \"file:$work/\1-\3.tgz\"," "$package"
  (
    cd "$folder"
    npm install --no-audit --no-fund --loglevel=error
    npm run --silent generate
    npm run --silent types
  )
  printf -- '--- %s: installed and compiled, %d s\n' "$(basename "$folder")" $((SECONDS - start))
done
cd "$root"
DEPLOY_EXAMPLES=$work/examples npx vitest run test/deploy --maxWorkers=1 "$@"
