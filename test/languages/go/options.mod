module buf.build/gen/go/connect-stream/options/protocolbuffers/go

go 1.26.0

require google.golang.org/protobuf v1.36.12
