// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"connectrpc.com/connect"

	pb "connect-stream/bench/internal/benchv1"
	"connect-stream/bench/internal/benchv1/benchv1connect"
)

// dial makes a client that accepts gzip only if the setup says so: by default,
// connect-go would compress each response, which the others do not.
func (connectGo) dial(port int, of setup) (client, error) {
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	transport.Protocols.SetUnencryptedHTTP2(true)
	var options []connect.ClientOption
	switch of.Protocol {
	case "grpc":
		options = append(options, connect.WithGRPC())
	case "grpc-web":
		options = append(options, connect.WithGRPCWeb())
	}
	if of.Compression != "gzip" {
		options = append(options, connect.WithAcceptCompression("gzip", nil, nil))
	}
	url := fmt.Sprintf("http://127.0.0.1:%d", port)
	service := benchv1connect.NewBenchServiceClient(&http.Client{Transport: transport}, url, options...)
	return &connectClient{service, of.Auth}, nil
}

type connectClient struct {
	service benchv1connect.BenchServiceClient
	auth    bool
}

func (c *connectClient) echo(sample *pb.Sample) (*pb.Sample, error) {
	request := connect.NewRequest(sample)
	if c.auth {
		request.Header().Set("authorization", authorization)
	}
	response, err := c.service.Echo(context.Background(), request)
	if err != nil {
		return nil, err
	}
	return response.Msg, nil
}

func (c *connectClient) watch(of load) (receiver, error) {
	stream, err := c.service.Watch(context.Background(), connect.NewRequest(of.request()))
	return connectReceiver{stream}, err
}

func (c *connectClient) collect() (uploader, error) {
	return connectUploader{c.service.Collect(context.Background())}, nil
}

func (c *connectClient) exchange() (duplex, error) {
	return connectDuplex{c.service.Exchange(context.Background())}, nil
}

type connectReceiver struct {
	stream *connect.ServerStreamForClient[pb.Sample]
}

func (r connectReceiver) recv() (*pb.Sample, error) {
	if r.stream.Receive() {
		return r.stream.Msg(), nil
	}
	defer r.stream.Close()
	return nil, atEnd(r.stream.Err(), io.EOF)
}

type connectUploader struct {
	stream *connect.ClientStreamForClient[pb.Sample, pb.CollectResponse]
}

func (u connectUploader) send(sample *pb.Sample) error { return u.stream.Send(sample) }

func (u connectUploader) closeAndRecv() (*pb.CollectResponse, error) {
	response, err := u.stream.CloseAndReceive()
	if err != nil {
		return nil, err
	}
	return response.Msg, nil
}

type connectDuplex struct {
	stream *connect.BidiStreamForClient[pb.Sample, pb.Sample]
}

func (d connectDuplex) send(sample *pb.Sample) error { return d.stream.Send(sample) }
func (d connectDuplex) closeSend() error             { return d.stream.CloseRequest() }

func (d connectDuplex) recv() (*pb.Sample, error) {
	sample, err := d.stream.Receive()
	if err != nil {
		defer d.stream.CloseResponse()
		err = atEnd(err, io.EOF)
	}
	return sample, err
}

// atEnd is end for a stream that ended without a failure.
func atEnd(err, end error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return end
	}
	return err
}
