#!/usr/bin/env bash
# The runtime with other versions of what it depends on: builds and tests a copy of the repository
# with the oldest, or the newest, version of each peer that its ranges allow:
#
#   .ci/connect-versions.sh oldest|newest [NODE]
#
# With the machine's Node.js, the tests; with another major version of it, all that node-versions.sh
# runs. Of the docs, that is the code, not the text; of the generator, whose versions are its own, it
# is the test of its program, without a copy. Examples to deploy have versions of their own.
# Exits with 77 if that Node.js is not to be had for this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

which=$1
version=${2:-}
tests=(test/e2e test/fetch test/runtime test/examples test/docs/snippets test/docs/getting-started)
reliability=(test/attacks test/faults test/fuzz test/load)
results=$PWD/.tmp/results
name=connect-$which${version:+-node-$version}

# run_tests NAME ARGUMENTS: those of Vitest; leaves the counts in NAME.json.
run_tests() {
  local name=$1
  shift
  NO_COLOR=1 npx vitest run "$@" \
    --reporter=default --reporter=json --outputFile.json="$results/$name.json"
}

if [ -n "$version" ]; then
  node=$(.ci/fetch-node.sh "$version")
  npm run --silent build
  PATH="$node:$PATH" run_tests "program-node-$version" test/plugin/program.test.ts
fi
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
git ls-files -z --cached --others --exclude-standard | tar --null -cf - -T - | tar -xf - -C "$copy"
# Examples are among what the tests run.
npx tsx .ci/versions-project.ts "$which" "$copy" test/{e2e,fetch,runtime,examples,docs} "${reliability[@]}" examples
cd "$copy"
[ -z "$version" ] || export PATH="$node:$PATH"
npm install --no-audit --no-fund --loglevel=error
printf '\nThe %s peers, Node.js %s:\n' "$which" "$(node --version)"
# Fails if what is installed is not what was asked for.
npm ls --workspace runtime
npx tsc -b runtime
# With the oldest, servers of tests are Node's own, under the adapter.
[ "$which" = newest ] || export LAB_HOST=node
run_tests "$name" "${tests[@]}"
[ -z "$version" ] ||
  run_tests "reliability-$name" -c test/faults/vitest.config.ts --exclude test/fuzz/plugin.spec.ts
