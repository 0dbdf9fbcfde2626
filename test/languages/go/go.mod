module example.com/catalog

go 1.26.0

tool (
	connectrpc.com/connect/cmd/protoc-gen-connect-go
	google.golang.org/protobuf/cmd/protoc-gen-go
)

require (
	buf.build/gen/go/connect-stream/options/protocolbuffers/go v0.0.0
	connectrpc.com/connect v1.21.1
	google.golang.org/protobuf v1.36.12
)

// What buf.build generates of a published module, generated here.
replace buf.build/gen/go/connect-stream/options/protocolbuffers/go => ./options
