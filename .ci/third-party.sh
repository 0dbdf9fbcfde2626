#!/usr/bin/env bash
# What a user gets: packs the packages, checks the archives, and does what the README and
# docs/ tell in an empty project outside the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
server=
cleanup() {
  [ -z "$server" ] || kill -- "-$server" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT

say() { printf -- '--- %s\n' "$*"; }
die() {
  printf '%s\n' "$*" >&2
  exit 1
}

say "pack"
npm run --silent build
npm pack --silent --pack-destination "$work" -w runtime -w plugin -w cli -w create
runtime=$(echo "$work"/connect-stream-[0-9]*.tgz)
plugin=$(echo "$work"/protoc-gen-connect-stream-*.tgz)
cli=$(echo "$work"/connect-stream-cli-*.tgz)
create=$(echo "$work"/create-connect-stream-*.tgz)
for archive in "$runtime" "$plugin" "$cli" "$create"; do
  say "check $(basename "$archive")"
  files=$(tar -tzf "$archive")
  for file in README.md LICENSE package.json; do
    grep -qx "package/$file" <<<"$files" || die "$archive has no $file"
  done
  # Those in a template are its users'.
  ! grep -v '^package/template/' <<<"$files" | grep -E '(^|/)(test|testdata|__tests__)/|\.test\.|tsbuildinfo' || die "$archive has tests"
  npx publint run "$archive" --strict
done
for archive in "$runtime" "$plugin" "$cli"; do
  npx attw "$archive" --profile esm-only
done
tar -xzf "$plugin" -O package/proto/connectstream/v1/options.proto |
  cmp - proto/connectstream/v1/options.proto || die "$plugin has other options, or none"

project=$work/project
mkdir "$project"
npx tsx .ci/readme-project.ts README.md "$project"
npx tsx .ci/readme-project.ts docs/generated.md "$project"
cd "$project"
# The packages as they would come from the registry.
sed -i -E "s#(^| )connect-stream( |\$)#\\1$runtime\\2#; s#(^| )protoc-gen-connect-stream( |\$)#\\1$plugin\\2#" install.sh
for step in install generate check; do
  say "README: $step"
  bash -eu "$step.sh"
done

say "README: server and client"
set -m # a process group of its own, to end npx and all that it starts
PORT=0 bash -eu server.sh >server.log 2>&1 &
server=$!
set +m
for _ in $(seq 300); do
  ! grep -q 'listening on' server.log || break
  kill -0 "$server" || die "the server did not start: $(cat server.log)"
  sleep 0.1
done
SERVER_URL=$(sed -n 's/listening on //p' server.log) timeout 60 bash -eu client.sh | tee client.log
[ "$(grep -c 'load .*, memory .* %' client.log)" = 3 ] || die "the client did not see three samples"

say "docs/containers.md: the image, a pod, and its end"
mkdir "$work/image"
tar -c --exclude=./node_modules . | tar -x -C "$work/image"
(
  cd "$root"
  npx tsx .ci/readme-project.ts docs/containers.md "$work/image"
  npx tsx .ci/container.ts "$work/image" "$work" "$runtime" "$plugin"
)

say "the command line"
npm install --silent --no-save "$cli"
npx connect-stream list --schema proto | grep -q "^monitor.v1.MonitorService/Watch " || die "the command line does not list"

say "a test of the handler, with connect-stream/testing"
cat >src/handler.test.ts <<'EOF'
import test from "node:test";
import { testCall } from "connect-stream/testing";
import { MonitorService } from "../gen/monitor/v1/monitor_pb.js";
import { monitor } from "./handler.js";

test("sends a sample", async () => {
  await using call = testCall(MonitorService.method.watch, monitor.watch, { interval: 1 });
  await call.play([{ recv: ({ memory }) => memory > 0 }, "quiet"]);
});
EOF
npx tsc
npx tsx --test src/handler.test.ts

say "the plugin of the Buf Schema Registry"
program=$(cd "$root" && npx tsx .ci/bsr-image.ts "$work/bsr-image" "$runtime" "$plugin")
# As in its image: no environment, and no packages beside.
sed "s#local: protoc-gen-connect-stream#local: [env, -i, $(command -v node), $program]#" buf.gen.yaml >bsr.gen.yaml
! diff -q buf.gen.yaml bsr.gen.yaml >/dev/null || die "buf.gen.yaml has no plugin of ours"
for target in ts js+dts; do
  for template in buf bsr; do
    sed "s#target=ts#target=$target#; s#out: gen#out: gen-$template#" "$template.gen.yaml" >target.gen.yaml
    npx buf generate --template target.gen.yaml
  done
  diff -r gen-buf gen-bsr
  rm -r gen-buf gen-bsr target.gen.yaml
done
rm bsr.gen.yaml

say "the module of the Buf Schema Registry"
module=$work/module
(cd "$root" && npx buf export proto --path proto/connectstream --all -o "$module")
[ "$(cd "$module" && find . -type f -name '*.options*' | sort | xargs)" = "./LICENSE.options ./README.options.md" ] ||
  die "the module has no README, or no licence"
printf '%s\n' 'version: v2' 'name: buf.build/connect-stream/options' >"$module/buf.yaml"
(cd "$module" && "$root/node_modules/.bin/buf" build -o "$work/module.binpb" &&
  "$root/node_modules/.bin/buf" lint && "$root/node_modules/.bin/buf" breaking --against "$work/module.binpb")

if command -v protoc >/dev/null; then
  say "README: protoc"
  mv gen gen-buf
  bash -eu protoc.sh
  diff -r gen gen-buf
else
  say "README: protoc is not on this machine, left out"
fi

say "entry points with a peer of their own"
npm install --silent --no-save @bufbuild/protovalidate
node --input-type=module -e 'import("connect-stream/protovalidate").then((m) => m.createValidation())'

say "policies in the schema: buf"
(cd "$root" && npx tsx .ci/readme-project.ts docs/policies.md "$project")
(cd "$root" && npx tsx .ci/readme-project.ts docs/policies-setup.md "$project")
rm -rf gen gen-buf
bash -eu policies-buf.sh
grep -q 'maxAgeMs: 3600000' gen/prices/v1/prices_stream.ts || die "no policy in generated code"
[ ! -e gen/connectstream ] || die "the options were generated again"
bash -eu check.sh
cat >src/options.ts <<'EOF'
import assert from "node:assert/strict";
import { getOption } from "@bufbuild/protobuf";
import { method } from "connect-stream/gen/connectstream/v1/options_pb.js";
import { PriceService } from "../gen/prices/v1/prices_pb.js";

assert.equal(getOption(PriceService.method.read, method).client?.timeoutMs, 5000);
EOF
npx tsx src/options.ts
if command -v protoc >/dev/null; then
  say "policies in the schema: protoc"
  mv gen gen-buf
  bash -eu policies-protoc.sh
  # protoc generates the one file that it is told to.
  diff -r gen/prices gen-buf/prices
  [ ! -e gen/connectstream ] || die "the options were generated again"
  rm -r gen
  mv gen-buf gen
fi
say "policies in the schema: generated with include_imports, as by hand"
sed 's/^ *- rewrite_imports=.*/&\n    include_imports: true/' buf.gen.yaml >imports.gen.yaml
mv gen gen-module
npx buf generate --template imports.gen.yaml
diff -r gen/prices gen-module/prices
rm -r gen
sed -i '/rewrite_imports/d' imports.gen.yaml
npx buf generate --template imports.gen.yaml
grep -q '"../../connectstream/v1/options_pb.js"' gen/prices/v1/prices_pb.ts || die "no copy of the options"
bash -eu check.sh
rm -r gen
say "policies in the schema: a copy of the options"
bash -eu policies-copy.sh
printf '%s\n' 'version: v2' 'modules: [{ path: proto }]' >buf.yaml
bash -eu policies-buf.sh
diff -r gen/prices gen-module/prices
bash -eu check.sh
rm -r gen-module

say "npm create connect-stream"
(cd "$root" && npx tsx .ci/readme-project.ts docs/new-project.md "$work/pages")
mkdir "$work/tool"
cd "$work/tool"
npm init -y >/dev/null
npm install --silent "$create" "$cli" "$plugin" "$runtime"
cd "$work"
"$work/tool/node_modules/.bin/create-connect-stream" my-app
cd my-app
# The packages as they would come from the registry.
npm pkg set "dependencies.connect-stream=$runtime" "devDependencies.protoc-gen-connect-stream=$plugin" \
  "devDependencies.connect-stream-cli=$cli"
bash -eu "$work/pages/first-run.sh"
npm run types
bash -eu "$work/pages/example.sh"
npx tsx --test src/again/handler.test.ts
npm run types
bash -eu "$work/pages/lint.sh"
cd "$project"

# The README installs the newest.
say "TypeScript: $(npx tsc --version), the newest, has compiled it; older ones"
for version in 6 5.4; do
  npm install --silent --no-save "typescript@$version"
  npx tsc --version
  # The types of protobuf-es and of Node use what came with 5.7.
  if [ "$version" = 5.4 ]; then npx tsc --skipLibCheck; else npx tsc; fi
done

say "all well"
