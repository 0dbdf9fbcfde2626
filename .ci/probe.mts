import { readFileSync, writeFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
const set = fromBinary(FileDescriptorSetSchema, readFileSync("/tmp/gapis.binpb"));
console.log(set.file.length, set.file.filter(f=>f.service.length).length, set.file.flatMap(f=>f.service.flatMap(s=>s.method)).length, set.file.flatMap(f=>f.service.flatMap(s=>s.method)).filter(m=>m.clientStreaming||m.serverStreaming).length);
for (const [n, par] of [["req","target=ts"],["reqjs","target=js+dts"]] as const)
writeFileSync("/tmp/"+n+".binpb", toBinary(CodeGeneratorRequestSchema, create(CodeGeneratorRequestSchema, {
 fileToGenerate: set.file.filter(f=>f.service.length).map(f=>f.name), parameter: par, protoFile: set.file,
})));
