// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net/http"

	"connectrpc.com/connect"

	pb "connect-stream/interop/internal/interopv1"
	"connect-stream/interop/internal/interopv1/interopv1connect"
)

type connectServer struct {
	interopv1connect.UnimplementedTestServiceHandler
}

func (*connectServer) EmptyCall(context.Context, *connect.Request[pb.TestRequest]) (*connect.Response[pb.TestResponse], error) {
	return connect.NewResponse(&pb.TestResponse{}), nil
}

func (*connectServer) UnaryCall(ctx context.Context, request *connect.Request[pb.TestRequest]) (*connect.Response[pb.TestResponse], error) {
	response := connect.NewResponse(&pb.TestResponse{})
	send := func(message *pb.TestResponse) error { response.Msg = message; return nil }
	call := connectCall(ctx, request.Header(), response.Header(), response.Trailer(), once(request.Msg), send, true)
	err := behave(call)
	if failure := (*connect.Error)(nil); errors.As(err, &failure) {
		merge(failure.Meta(), response.Header())
		merge(failure.Meta(), response.Trailer())
	}
	return response, err
}

func (*connectServer) StreamingOutputCall(ctx context.Context, request *connect.Request[pb.TestRequest], stream *connect.ServerStream[pb.TestResponse]) error {
	call := connectCall(ctx, request.Header(), stream.ResponseHeader(), stream.ResponseTrailer(), once(request.Msg), stream.Send, false)
	call.sendHeader = func() error { return stream.Send(nil) }
	return behave(call)
}

func (*connectServer) StreamingInputCall(ctx context.Context, stream *connect.ClientStream[pb.TestRequest]) (*connect.Response[pb.TestResponse], error) {
	response := connect.NewResponse(&pb.TestResponse{})
	recv := func() (*pb.TestRequest, error) {
		if stream.Receive() {
			return stream.Msg(), nil
		}
		return nil, errors.Join(stream.Err(), endOf(stream.Err()))
	}
	send := func(message *pb.TestResponse) error { response.Msg = message; return nil }
	call := connectCall(ctx, stream.RequestHeader(), response.Header(), response.Trailer(), recv, send, true)
	err := behave(call)
	if failure := (*connect.Error)(nil); errors.As(err, &failure) {
		merge(failure.Meta(), response.Header())
		merge(failure.Meta(), response.Trailer())
	}
	return response, err
}

func (*connectServer) FullDuplexCall(ctx context.Context, stream *connect.BidiStream[pb.TestRequest, pb.TestResponse]) error {
	call := connectCall(ctx, stream.RequestHeader(), stream.ResponseHeader(), stream.ResponseTrailer(), stream.Receive, stream.Send, false)
	call.sendHeader = func() error { return stream.Send(nil) }
	return behave(call)
}

// endOf is io.EOF where a stream ended without an error.
func endOf(err error) error {
	if err == nil {
		return io.EOF
	}
	return nil
}

func connectCall(ctx context.Context, header, responseHeader, responseTrailer http.Header, recv func() (*pb.TestRequest, error), send func(*pb.TestResponse) error, summary bool) *serverCall {
	return &serverCall{
		ctx: ctx, header: fromHTTP(header), summary: summary, recv: recv, send: send,
		setHeader:  responseHeader.Add,
		setTrailer: responseTrailer.Add,
		fail: func(echo *pb.EchoStatus) error {
			failure := connect.NewError(connect.Code(echo.Code), errors.New(echo.Message))
			if echo.Reason != "" {
				info, err := connect.NewErrorDetail(&pb.ErrorInfo{Reason: echo.Reason})
				if err != nil {
					return err
				}
				failure.AddDetail(info)
			}
			return failure
		},
		code: func(err error) int {
			switch {
			case errors.Is(err, context.Canceled):
				return int(connect.CodeCanceled)
			case errors.Is(err, context.DeadlineExceeded):
				return int(connect.CodeDeadlineExceeded)
			}
			return int(connect.CodeOf(err))
		},
	}
}

type connectObserver struct{}

func (*connectObserver) Await(_ context.Context, request *connect.Request[pb.AwaitRequest]) (*connect.Response[pb.AwaitResponse], error) {
	return connect.NewResponse(observe.await(request.Msg)), nil
}
