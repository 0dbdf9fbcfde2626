// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"net/http"
	"sync"

	"connectrpc.com/connect"

	pb "connect-stream/interop/internal/interopv1"
)

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
