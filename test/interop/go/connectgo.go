// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"net/http"
	"strings"

	"connectrpc.com/connect"

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
