#!/usr/bin/env bash
# The runtime against other versions of what it depends on: builds and tests a copy of it with the
# oldest and with the newest Connect and protobuf-es that its peer ranges allow, or with one of them
# (argument: oldest, newest). The newest needs a newer Node.js than the oldest that we support.
set -euo pipefail
cd "$(dirname "$0")/.."

NEWEST_CONNECT_NEEDS_NODE=22

oldest() { node -p "require('./runtime/package.json').peerDependencies['$1'].slice(1)"; }
# The registry lists them in order of their versions.
newest() { npm view "$1@^$(oldest "$1")" version --json | node -p '[JSON.parse(require("fs").readFileSync(0))].flat().at(-1)'; }

# The dependencies of the tests that are copied, as the repository has them; Connect's as given.
package_json() {
  node -p '
    const [connect, protobuf] = process.argv.slice(1);
    const { devDependencies } = require("./package.json");
    const others = ["@grpc/grpc-js", "@types/express", "@types/node", "express", "fastify", "typescript", "vitest"];
    JSON.stringify({
      private: true,
      type: "module",
      workspaces: ["runtime"],
      dependencies: {
        "@bufbuild/protobuf": protobuf,
        ...Object.fromEntries(["", "-express", "-fastify", "-node", "-web"].map((name) => [`@connectrpc/connect${name}`, connect])),
        ...Object.fromEntries(others.map((name) => [name, devDependencies[name]])),
      },
    })' "$1" "$2"
}

run_with() {
  local connect=$1 protobuf=$2 node=$3 copy
  copy=$(mktemp -d)
  copies+=("$copy")
  git ls-files -z runtime test/e2e test/runtime test/support test/faults/transport.ts vitest.config.ts tsconfig.base.json |
    tar --null -cf - -T - | tar -xf - -C "$copy"
  package_json "$connect" "$protobuf" >"$copy/package.json"
  (
    cd "$copy"
    export PATH="$node:$PATH"
    npm install --no-audit --no-fund --silent
    printf '\nConnect %s, protobuf-es %s, Node.js %s\n' "$connect" "$protobuf" "$(node --version)"
    npm ls --silent @bufbuild/protobuf @connectrpc/connect >/dev/null
    npx tsc -b runtime
    NO_COLOR=1 npx vitest run
  )
}

copies=()
trap 'rm -rf "${copies[@]}"' EXIT
machines_node=$(dirname "$(command -v node)")
for which in "${@:-oldest newest}"; do
  for one in $which; do
    case $one in
      oldest) run_with "$(oldest @connectrpc/connect)" "$(oldest @bufbuild/protobuf)" "$machines_node" ;;
      newest) run_with "$(newest @connectrpc/connect)" "$(newest @bufbuild/protobuf)" "$(.ci/fetch-node.sh $NEWEST_CONNECT_NEEDS_NODE)" ;;
      *) echo "usage: connect-versions.sh [oldest] [newest]" >&2 && exit 2 ;;
    esac
  done
done
