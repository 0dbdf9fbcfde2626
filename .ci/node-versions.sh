#!/usr/bin/env bash
# The tests with other versions of Node.js than the machine's: those given, or 22 and 24. The
# generator's own tests are left out: what they check does not depend on Node.js.
set -euo pipefail
cd "$(dirname "$0")/.."

tests=(test/e2e test/runtime test/examples test/docs test/plugin/program.test.ts)

# Prints the folder of the newest Node.js of a major version, from the npm registry.
fetch_node() {
  local folder=".tmp/node-$1" package="node-$(node -p '`${process.platform}-${process.arch}`')"
  local bin="$PWD/$folder/node_modules/$package/bin"
  [ -x "$bin/node" ] || npm install --no-save --silent --prefix "$folder" "$package@$1" >&2
  echo "$bin"
}

versions=("$@")
[ $# -gt 0 ] || versions=(22 24)
mkdir -p .tmp
npm run --silent build
for version in "${versions[@]}"; do
  bin=$(fetch_node "$version")
  (
    export PATH="$bin:$PATH"
    case "$(node --version)" in "v$version."*) ;; *) echo "this is Node.js $(node --version), not $version" && exit 1 ;; esac
    printf '\nNode.js %s\n' "$(node --version)"
    NO_COLOR=1 npx vitest run "${tests[@]}"
  )
done
