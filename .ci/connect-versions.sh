#!/usr/bin/env bash
# The runtime with other versions of what it depends on: builds and tests a copy of the repository
# with the oldest and with the newest version of each peer that its ranges allow, or with one of the
# two (argument: oldest, newest). The generator is left out: its versions are its own. Exits with 77
# if a Node.js that the newest needs is not to be had for this machine.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(test/e2e test/runtime test/examples test/docs)

results=$PWD/.tmp/results

major() { "$1" -p 'process.versions.node.split(".")[0]'; }

# The folder of the machine's Node.js, or of a newer one if that Connect asks for it.
node_for() {
  local needed
  needed=$(npm view "@connectrpc/connect-node@$1" engines.node | grep -oE '[0-9]+' | head -1)
  if [ "$(major node)" -ge "$needed" ]; then
    dirname "$(command -v node)"
  else
    .ci/fetch-node.sh "$needed"
  fi
}

run_with() {
  local copy node
  copy=$(mktemp -d)
  copies+=("$copy")
  git ls-files -z --cached --others --exclude-standard | tar --null -cf - -T - | tar -xf - -C "$copy"
  # Examples are among what the tests run.
  npx tsx .ci/versions-project.ts "$1" "$copy" "${tests[@]}" examples
  node=$(node_for "$(node -p 'require(process.argv[1]).dependencies["@connectrpc/connect"]' "$copy/package.json")")
  (
    cd "$copy"
    export PATH="$node:$PATH"
    npm install --no-audit --no-fund --loglevel=error
    printf '\nThe %s peers, Node.js %s:\n' "$1" "$(node --version)"
    # Fails if what is installed is not what was asked for.
    npm ls --workspace runtime
    npx tsc -b runtime
    NO_COLOR=1 npx vitest run "${tests[@]}" \
      --reporter=default --reporter=json --outputFile.json="$results/connect-$1.json"
  )
}

copies=()
trap 'rm -rf "${copies[@]}"' EXIT
[ $# -gt 0 ] || set -- oldest newest
for which; do run_with "$which"; done
