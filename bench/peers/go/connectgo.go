// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"net"
	"net/http"

	"connectrpc.com/connect"

	pb "connect-stream/bench/internal/benchv1"
	"connect-stream/bench/internal/benchv1/benchv1connect"
)

// compressMinBytes is COMPRESS_MIN_BYTES of ../peer.ts.
const compressMinBytes = 1024

// connectGo is connect-go over net/http, without TLS, with its defaults. These
// include gzip for each response, however small: see the client.
type connectGo struct{}

func (connectGo) serve(of setup, progress *progress) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	var options []connect.HandlerOption
	if of.Auth {
		options = append(options, connect.WithInterceptors(connect.UnaryInterceptorFunc(authenticated)))
	}
	if of.Compression == "gzip" {
		options = append(options, connect.WithCompressMinBytes(compressMinBytes))
	}
	mux := http.NewServeMux()
	mux.Handle(benchv1connect.NewBenchServiceHandler(&connectServer{progress}, options...))
	server := &http.Server{Handler: mux, Protocols: new(http.Protocols)}
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(listener)
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func authenticated(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		if request.Header().Get("authorization") != authorization {
			return nil, connect.NewError(connect.CodeUnauthenticated, errors.New("who are you?"))
		}
		return next(ctx, request)
	}
}

type connectServer struct{ progress *progress }

func (*connectServer) Echo(_ context.Context, request *connect.Request[pb.Sample]) (*connect.Response[pb.Sample], error) {
	return connect.NewResponse(request.Msg), nil
}

func (s *connectServer) Watch(_ context.Context, request *connect.Request[pb.WatchRequest], stream *connect.ServerStream[pb.Sample]) error {
	sample := newSample(int(request.Msg.Size), request.Msg.Text)
	for range request.Msg.Count {
		if err := stream.Send(sample); err != nil {
			return err
		}
		s.progress.accepted.Add(1)
	}
	return nil
}

func (*connectServer) Collect(_ context.Context, stream *connect.ClientStream[pb.Sample]) (*connect.Response[pb.CollectResponse], error) {
	response := &pb.CollectResponse{}
	for stream.Receive() {
		response.Count++
	}
	return connect.NewResponse(response), stream.Err()
}

func (*connectServer) Exchange(_ context.Context, stream *connect.BidiStream[pb.Sample, pb.Sample]) error {
	for {
		sample, err := stream.Receive()
		if err != nil {
			return atEnd(err, nil)
		}
		if err := stream.Send(sample); err != nil {
			return err
		}
	}
}
