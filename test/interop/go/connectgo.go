// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"

	"connectrpc.com/connect"

	pb "connect-stream/interop/internal/interopv1"
	"connect-stream/interop/internal/interopv1/interopv1connect"
)

type connectGo struct{}

func (connectGo) serve() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	mux := http.NewServeMux()
	mux.Handle(interopv1connect.NewTestServiceHandler(&connectServer{}))
	mux.Handle(interopv1connect.NewObserverServiceHandler(&connectObserver{}))
	server := &http.Server{Handler: mux, Protocols: new(http.Protocols)}
	server.Protocols.SetHTTP1(true)
	server.Protocols.SetUnencryptedHTTP2(true)
	go server.Serve(listener)
	return listener.Addr().(*net.TCPAddr).Port, nil
}

func (connectGo) dial(cmd *command) (client, error) {
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	transport.Protocols.SetHTTP1(cmd.HTTP == "1.1")
	transport.Protocols.SetUnencryptedHTTP2(cmd.HTTP == "2")
	var options []connect.ClientOption
	switch cmd.Protocol {
	case "grpc":
		options = append(options, connect.WithGRPC())
	case "grpc-web":
		options = append(options, connect.WithGRPCWeb())
	}
	if cmd.Gzip {
		options = append(options, connect.WithSendGzip())
	}
	return &connectClient{&http.Client{Transport: transport}, cmd.URL, options}, nil
}

type connectClient struct {
	http    *http.Client
	url     string
	options []connect.ClientOption
}

func (c *connectClient) open(ctx context.Context, path, kind string, headers metadata) (call, error) {
	rpc := connect.NewClient[pb.TestRequest, pb.TestResponse](c.http, c.url+path, c.options...)
	switch kind {
	case "unary", "server_streaming":
		return newOneRequestCall(ctx, rpc, kind, headers), nil
	case "client_streaming":
		stream := rpc.CallClientStream(ctx)
		copyTo(stream.RequestHeader(), headers)
		_ = stream.Send(nil) // Sends the headers; its failure is the call's.
		return &uploadCall{stream: stream}, nil
	default:
		stream := rpc.CallBidiStream(ctx)
		copyTo(stream.RequestHeader(), headers)
		_ = stream.Send(nil)
		return &duplexCall{stream}, nil
	}
}

// outcome has the parts of a response that are there at its end.
type outcome struct{ header, trailer http.Header }

func (o *outcome) endingOf(err error) ending {
	end := ending{Header: fromHTTP(o.header), Trailer: fromHTTP(o.trailer), Details: []detail{}}
	if err == nil || errors.Is(err, io.EOF) {
		return end
	}
	end.Code = int(connect.CodeOf(err))
	var failure *connect.Error
	if errors.As(err, &failure) {
		end.Message = failure.Message()
		for name, values := range fromHTTP(failure.Meta()) {
			end.Trailer[name] = values
		}
		for _, info := range failure.Details() {
			end.Details = append(end.Details, detail{info.Type(), encode(info.Bytes())})
		}
	}
	return end
}

// oneRequestCall begins when its request is complete.
type oneRequestCall struct {
	outcome
	request *connect.Request[pb.TestRequest]
	start   func()
	started sync.WaitGroup
	err     error
	unary   *pb.TestResponse
	stream  *connect.ServerStreamForClient[pb.TestResponse]
}

func newOneRequestCall(ctx context.Context, rpc *connect.Client[pb.TestRequest, pb.TestResponse], kind string, headers metadata) *oneRequestCall {
	c := &oneRequestCall{}
	c.started.Add(1)
	c.start = func() {
		defer c.started.Done()
		copyTo(c.request.Header(), headers)
		if kind == "server_streaming" {
			c.stream, c.err = rpc.CallServerStream(ctx, c.request)
			return
		}
		var response *connect.Response[pb.TestResponse]
		if response, c.err = rpc.CallUnary(ctx, c.request); c.err == nil {
			c.unary, c.outcome = response.Msg, outcome{response.Header(), response.Trailer()}
		}
	}
	return c
}

func (c *oneRequestCall) send(request *pb.TestRequest) error {
	c.request = connect.NewRequest(request)
	return nil
}

func (c *oneRequestCall) closeSend() error {
	go c.start()
	return nil
}

func (c *oneRequestCall) recv() (*pb.TestResponse, error) {
	c.started.Wait()
	if c.err != nil {
		return nil, c.err
	}
	if c.stream == nil {
		if response := c.unary; response != nil {
			c.unary = nil
			return response, nil
		}
		return nil, io.EOF
	}
	if c.stream.Receive() {
		return c.stream.Msg(), nil
	}
	c.outcome = outcome{c.stream.ResponseHeader(), c.stream.ResponseTrailer()}
	if err := c.stream.Err(); err != nil {
		return nil, err
	}
	return nil, io.EOF
}

func (c *oneRequestCall) ending(err error) ending { return c.endingOf(err) }

type uploadCall struct {
	outcome
	stream *connect.ClientStreamForClient[pb.TestRequest, pb.TestResponse]
	once   sync.Once
	done   bool
	answer *connect.Response[pb.TestResponse]
	err    error
}

func (c *uploadCall) send(request *pb.TestRequest) error { return c.stream.Send(request) }

// closeSend does not wait for the response, which connect-go takes with it.
func (c *uploadCall) closeSend() error {
	go c.finish()
	return nil
}

func (c *uploadCall) finish() {
	c.once.Do(func() {
		if c.answer, c.err = c.stream.CloseAndReceive(); c.err == nil {
			c.outcome = outcome{c.answer.Header(), c.answer.Trailer()}
		}
	})
}

func (c *uploadCall) recv() (*pb.TestResponse, error) {
	c.finish()
	if c.err != nil {
		return nil, c.err
	}
	if c.done {
		return nil, io.EOF
	}
	c.done = true
	return c.answer.Msg, nil
}

func (c *uploadCall) ending(err error) ending { return c.endingOf(err) }

type duplexCall struct {
	*connect.BidiStreamForClient[pb.TestRequest, pb.TestResponse]
}

func (c *duplexCall) send(request *pb.TestRequest) error { return c.Send(request) }
func (c *duplexCall) closeSend() error                   { return c.CloseRequest() }
func (c *duplexCall) recv() (*pb.TestResponse, error)    { return c.Receive() }

func (c *duplexCall) ending(err error) ending {
	o := outcome{c.ResponseHeader(), c.ResponseTrailer()}
	defer c.CloseResponse()
	return o.endingOf(err)
}

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

// fromHTTP splits fields that were joined on the way, as HTTP allows.
func fromHTTP(fields http.Header) metadata {
	headers := metadata{}
	for name, values := range fields {
		for _, value := range values {
			for _, one := range strings.Split(value, ",") {
				key := strings.ToLower(name)
				headers[key] = append(headers[key], strings.TrimSpace(one))
			}
		}
	}
	return headers
}

func copyTo(fields http.Header, headers metadata) {
	for name, values := range headers {
		for _, value := range values {
			fields.Add(name, value)
		}
	}
}

func merge(into, from http.Header) {
	for name, values := range from {
		into[name] = append(into[name], values...)
	}
}
