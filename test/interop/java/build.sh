#!/usr/bin/env bash
# Builds the Java peer to .tmp/interop/java: libraries and generators from Maven Central, then protoc and
# javac. Needs a JDK and Maven.
set -euo pipefail
cd "$(dirname "$0")"
source=$PWD
out=$(cd ../../.. && pwd)/.tmp/interop/java
mkdir -p "$out"
# Maven asks for everything again each time it is asked.
if ! cmp -s pom.xml "$out/pom.xml"; then
  rm -rf "$out/lib"
  mvn -q -B dependency:copy-dependencies -DoutputDirectory="$out/lib" \
    -Dplatform="linux-$(uname -m | sed s/aarch64/aarch_64/)"
  chmod +x "$out"/lib/*.exe
  cp pom.xml "$out/pom.xml"
fi
rm -rf "$out/gen" "$out/classes"
mkdir "$out/gen"
(cd "$out" && jar xf lib/protobuf-java-[0-9]*.jar google/protobuf/any.proto)
"$out"/lib/protoc-[0-9]*.exe -I ../proto -I "$out" --java_out="$out/gen" --grpc-java_out="$out/gen" \
  --plugin=protoc-gen-grpc-java="$(echo "$out"/lib/protoc-gen-grpc-java-*.exe)" interop/v1/interop.proto
cd "$out"
find gen -name '*.java' >sources
javac -nowarn -cp 'lib/*' -d classes @sources "$source"/src/*.java
