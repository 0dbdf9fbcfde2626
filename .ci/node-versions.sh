#!/usr/bin/env bash
# The tests, and the faults, model, fuzz and load tests in their short forms, with other versions of
# Node.js than the machine's: those given, or 24. On 22 and 26, connect-versions.sh runs them with
# the newest peers. The generator's own tests, and those of the docs' text, are left out: what they
# check does not depend on Node.js. Exits with 77 if that Node.js is not to be had for this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(test/cli test/e2e test/fetch test/runtime test/examples)
tests+=(test/docs/snippets test/docs/getting-started test/plugin/program.test.ts)

# run_tests NAME ARGUMENTS: those of Vitest, with the Node.js in $bin; leaves the counts in NAME.json.
run_tests() {
  local name=$1
  shift
  PATH="$bin:$PATH" NO_COLOR=1 npx vitest run "$@" \
    --reporter=default --reporter=json --outputFile.json=".tmp/results/$name.json"
}

[ $# -gt 0 ] || set -- 24
npm run --silent build
for version; do
  bin=$(.ci/fetch-node.sh "$version")
  printf '\nNode.js %s\n' "$("$bin/node" --version)"
  run_tests "node-$version" "${tests[@]}"
  run_tests "reliability-node-$version" -c test/faults/vitest.config.ts
done
