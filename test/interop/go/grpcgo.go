// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/encoding/gzip"
	grpcmetadata "google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	pb "connect-stream/interop/internal/interopv1"
)

type grpcGo struct{}

func (grpcGo) serve() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := grpc.NewServer()
	pb.RegisterTestServiceServer(server, &grpcServer{})
	pb.RegisterObserverServiceServer(server, &grpcObserver{})
	go server.Serve(listener)
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (grpcGo) dial(cmd *command) (client, error) {
	options := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	if cmd.Gzip {
		options = append(options, grpc.WithDefaultCallOptions(grpc.UseCompressor(gzip.Name)))
	}
	conn, err := grpc.NewClient(strings.TrimPrefix(cmd.URL, "http://"), options...)
	return &grpcClient{conn}, err
}

type grpcClient struct{ conn *grpc.ClientConn }

func (c *grpcClient) open(ctx context.Context, path, kind string, headers metadata) (call, error) {
	ctx = grpcmetadata.NewOutgoingContext(ctx, toGrpc(headers))
	stream, err := c.conn.NewStream(ctx, &grpc.StreamDesc{
		ServerStreams: kind == "server_streaming" || kind == "bidi_streaming",
		ClientStreams: kind == "client_streaming" || kind == "bidi_streaming",
	}, path)
	if err != nil {
		return nil, err
	}
	return &grpcCall{stream: stream, oneResponse: kind == "unary" || kind == "client_streaming"}, nil
}

type grpcCall struct {
	stream      grpc.ClientStream
	oneResponse bool
	received    bool
}

func (c *grpcCall) send(request *pb.TestRequest) error { return c.stream.SendMsg(request) }
func (c *grpcCall) closeSend() error                   { return c.stream.CloseSend() }

func (c *grpcCall) recv() (*pb.TestResponse, error) {
	if c.oneResponse && c.received {
		return nil, io.EOF // grpc-go takes the one response and the end together.
	}
	response := &pb.TestResponse{}
	err := c.stream.RecvMsg(response)
	c.received = true
	return response, err
}

func (c *grpcCall) ending(err error) ending {
	header, _ := c.stream.Header()
	end := ending{Header: fromGrpc(header), Trailer: fromGrpc(c.stream.Trailer()), Details: []detail{}}
	if errors.Is(err, io.EOF) {
		return end
	}
	failure := status.Convert(err)
	end.Code, end.Message = int(failure.Code()), failure.Message()
	for _, any := range failure.Proto().GetDetails() {
		end.Details = append(end.Details, detail{string(any.MessageName()), encode(any.Value)})
	}
	return end
}

type grpcServer struct {
	pb.UnimplementedTestServiceServer
}

func (*grpcServer) EmptyCall(context.Context, *pb.TestRequest) (*pb.TestResponse, error) {
	return &pb.TestResponse{}, nil
}

func (*grpcServer) UnaryCall(ctx context.Context, request *pb.TestRequest) (response *pb.TestResponse, err error) {
	call := grpcServerCall(ctx, once(request), func(r *pb.TestResponse) error { response = r; return nil }, true)
	call.setHeader = func(name, value string) { _ = grpc.SetHeader(ctx, toGrpc(metadata{name: {value}})) }
	call.setTrailer = func(name, value string) { _ = grpc.SetTrailer(ctx, toGrpc(metadata{name: {value}})) }
	err = behave(call)
	return response, err
}

func (*grpcServer) StreamingOutputCall(request *pb.TestRequest, stream grpc.ServerStreamingServer[pb.TestResponse]) error {
	return grpcBehave(stream, once(request), stream.Send, false)
}

func (*grpcServer) StreamingInputCall(stream grpc.ClientStreamingServer[pb.TestRequest, pb.TestResponse]) error {
	return grpcBehave(stream, stream.Recv, stream.SendAndClose, true)
}

func (*grpcServer) FullDuplexCall(stream grpc.BidiStreamingServer[pb.TestRequest, pb.TestResponse]) error {
	return grpcBehave(stream, stream.Recv, stream.Send, false)
}

func grpcBehave(stream grpc.ServerStream, recv func() (*pb.TestRequest, error), send func(*pb.TestResponse) error, summary bool) error {
	call := grpcServerCall(stream.Context(), recv, send, summary)
	call.setHeader = func(name, value string) { _ = stream.SetHeader(toGrpc(metadata{name: {value}})) }
	call.setTrailer = func(name, value string) { stream.SetTrailer(toGrpc(metadata{name: {value}})) }
	call.sendHeader = func() error { return stream.SendHeader(nil) }
	return behave(call)
}

func grpcServerCall(ctx context.Context, recv func() (*pb.TestRequest, error), send func(*pb.TestResponse) error, summary bool) *serverCall {
	header, _ := grpcmetadata.FromIncomingContext(ctx)
	return &serverCall{
		ctx: ctx, header: fromGrpc(header), summary: summary, recv: recv, send: send,
		fail: func(echo *pb.EchoStatus) error {
			failure := status.New(codes.Code(echo.Code), echo.Message)
			if echo.Reason == "" {
				return failure.Err()
			}
			detailed, err := failure.WithDetails(protoadapt.MessageV1Of(&pb.ErrorInfo{Reason: echo.Reason}))
			if err != nil {
				return err
			}
			return detailed.Err()
		},
		code: func(err error) int {
			if _, known := status.FromError(err); !known {
				err = status.FromContextError(err).Err()
			}
			return int(status.Code(err))
		},
	}
}

type grpcObserver struct {
	pb.UnimplementedObserverServiceServer
}

func (*grpcObserver) Await(_ context.Context, request *pb.AwaitRequest) (*pb.AwaitResponse, error) {
	return observe.await(request), nil
}

// toGrpc decodes what is binary: grpc-go's users see raw bytes.
func toGrpc(headers metadata) grpcmetadata.MD {
	md := grpcmetadata.MD{}
	for name, values := range headers {
		for _, value := range values {
			if strings.HasSuffix(name, "-bin") {
				raw, _ := base64.StdEncoding.DecodeString(value)
				value = string(raw)
			}
			md.Append(name, value)
		}
	}
	return md
}

// fromGrpc splits what HTTP lets travel as one value.
func fromGrpc(md grpcmetadata.MD) metadata {
	headers := metadata{}
	for name, values := range md {
		for _, value := range values {
			if strings.HasSuffix(name, "-bin") {
				headers[name] = append(headers[name], encode([]byte(value)))
			} else {
				headers[name] = append(headers[name], strings.Split(value, ", ")...)
			}
		}
	}
	return headers
}
