// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	pb "connect-stream/bench/internal/benchv1"
)

// grpcGo is grpc-go as its guide shows it, with its defaults.
type grpcGo struct{}

func (grpcGo) serve(of setup, progress *progress) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	var options []grpc.ServerOption
	if of.Auth {
		options = append(options, grpc.UnaryInterceptor(authenticate))
	}
	server := grpc.NewServer(options...)
	pb.RegisterBenchServiceServer(server, &grpcServer{progress: progress})
	go server.Serve(listener)
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func authenticate(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
	if values := metadata.ValueFromIncomingContext(ctx, "authorization"); len(values) != 1 || values[0] != authorization {
		return nil, status.Error(codes.Unauthenticated, "who are you?")
	}
	return next(ctx, request)
}

type grpcServer struct {
	pb.UnimplementedBenchServiceServer
	progress *progress
}

func (*grpcServer) Echo(_ context.Context, request *pb.Sample) (*pb.Sample, error) {
	return request, nil
}

func (s *grpcServer) Watch(request *pb.WatchRequest, stream grpc.ServerStreamingServer[pb.Sample]) error {
	sample := newSample(int(request.Size), request.Text)
	for range request.Count {
		if err := stream.Send(sample); err != nil {
			return err
		}
		s.progress.accepted.Add(1)
	}
	return nil
}

func (*grpcServer) Collect(stream grpc.ClientStreamingServer[pb.Sample, pb.CollectResponse]) error {
	for count := uint32(0); ; count++ {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return stream.SendAndClose(&pb.CollectResponse{Count: count})
		} else if err != nil {
			return err
		}
	}
}

func (*grpcServer) Exchange(stream grpc.BidiStreamingServer[pb.Sample, pb.Sample]) error {
	for {
		sample, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = stream.Send(sample)
		}
		if err != nil {
			return err
		}
	}
}

func (grpcGo) dial(port int, of setup) (client, error) {
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()))
	return &grpcClient{pb.NewBenchServiceClient(conn), of.Auth}, err
}

type grpcClient struct {
	service pb.BenchServiceClient
	auth    bool
}

func (c *grpcClient) echo(sample *pb.Sample) (*pb.Sample, error) {
	ctx := context.Background()
	if c.auth {
		ctx = metadata.AppendToOutgoingContext(ctx, "authorization", authorization)
	}
	return c.service.Echo(ctx, sample)
}

func (c *grpcClient) watch(of load) (receiver, error) {
	stream, err := c.service.Watch(context.Background(), of.request())
	return grpcReceiver{stream}, err
}

func (c *grpcClient) collect() (uploader, error) {
	stream, err := c.service.Collect(context.Background())
	return grpcUploader{stream}, err
}

func (c *grpcClient) exchange() (duplex, error) {
	stream, err := c.service.Exchange(context.Background())
	return grpcDuplex{stream}, err
}

type grpcReceiver struct {
	stream grpc.ServerStreamingClient[pb.Sample]
}

func (r grpcReceiver) recv() (*pb.Sample, error) { return r.stream.Recv() }

type grpcUploader struct {
	stream grpc.ClientStreamingClient[pb.Sample, pb.CollectResponse]
}

func (u grpcUploader) send(sample *pb.Sample) error               { return u.stream.Send(sample) }
func (u grpcUploader) closeAndRecv() (*pb.CollectResponse, error) { return u.stream.CloseAndRecv() }

type grpcDuplex struct {
	stream grpc.BidiStreamingClient[pb.Sample, pb.Sample]
}

func (d grpcDuplex) send(sample *pb.Sample) error { return d.stream.Send(sample) }
func (d grpcDuplex) recv() (*pb.Sample, error)    { return d.stream.Recv() }
func (d grpcDuplex) closeSend() error             { return d.stream.CloseSend() }
