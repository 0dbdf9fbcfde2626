#!/usr/bin/env bash
# The options of our schemas in other languages: generates code for a schema that uses them, compiles
# it and reads them, in Go, Python and Java; for others, generates alone. Installs what it needs of
# Debian, as root. What the machine cannot have is skipped, and said.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
sources=$root/test/languages
work=$root/.tmp/languages
rm -rf "$work"
mkdir -p "$work"

say() { printf -- '--- %s\n' "$*"; }

packages=(protobuf-compiler python3-protobuf libprotobuf-java)
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null && ! dpkg -s "${packages[@]}" >/dev/null 2>&1; then
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${packages[@]}" >"$work/apt.log" 2>&1 || {
    cat "$work/apt.log"
    exit 1
  }
fi
command -v protoc >/dev/null || {
  echo "there is neither protoc nor apt-get as root" >.tmp/skip-reason
  exit 77
}
# Both files are generated: of all languages, ours alone has the options in a package.
generate() {
  protoc -I "$root/proto" -I "$sources/proto" "$@" connectstream/v1/options.proto catalog/v1/catalog.proto
}

go_code() {
  cp -r "$sources/go" "$work/go"
  cd "$work/go"
  mkdir -p gen options bin
  mv options.mod options/go.mod
  go build -o bin/ google.golang.org/protobuf/cmd/protoc-gen-go connectrpc.com/connect/cmd/protoc-gen-connect-go
  PATH=$PWD/bin:$PATH generate --go_out="$work" --connect-go_out="$work"
  mv "$work"/example.com/catalog/gen/* gen/
  mv "$work"/buf.build/gen/go/connect-stream/options/protocolbuffers/go/* options/
  go vet ./...
  go run .
}

python_code() {
  mkdir "$work/python"
  generate --python_out="$work/python"
  PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1 "$1" "$sources/python/check.py"
}

java_code() {
  mkdir "$work/java"
  generate --java_out="$work/java"
  cd "$work/java"
  find . -name '*.java' >files
  javac -nowarn -cp "$1" -d classes @files "$sources/java/Check.java"
  java -cp "classes:$1" Check
}

# A Python that has the package protobuf.
python_with_protobuf() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c 'import google.protobuf' 2>/dev/null; then
      echo "$python"
      return
    fi
  done
}

if command -v go >/dev/null; then
  say "Go: protoc-gen-go, protoc-gen-connect-go"
  (go_code)
else
  say "Go is skipped: there is no go in PATH"
fi

python=$(python_with_protobuf)
if [ -n "$python" ]; then
  say "Python: $python"
  (python_code "$python")
else
  say "Python is skipped: no python3 has the package protobuf"
fi

jar=/usr/share/java/protobuf.jar
if command -v javac >/dev/null && [ -e "$jar" ]; then
  say "Java: $(javac -version 2>&1)"
  (java_code "$jar")
else
  say "Java is skipped: there is no javac in PATH, or no $jar"
fi

for language in cpp csharp kotlin objc php ruby; do
  say "$language: generates"
  mkdir "$work/$language"
  generate "--${language}_out=$work/$language"
done
say "all well"
