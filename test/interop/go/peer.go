// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	pb "connect-stream/interop/internal/interopv1"
)

// metadata has values by name; those of "-bin" names in base64.
type metadata map[string][]string

// command is what the test says. Each operation has its own fields.
type command struct {
	ID int    `json:"id"`
	Op string `json:"op"`

	URL      string `json:"url"`
	Protocol string `json:"protocol"`
	HTTP     string `json:"http"`
	Gzip     bool   `json:"gzip"`

	Call      int               `json:"call"`
	Path      string            `json:"path"`
	Kind      string            `json:"kind"`
	Headers   metadata          `json:"headers"`
	TimeoutMs int               `json:"timeoutMs"`
	Messages  []json.RawMessage `json:"messages"`
	Max       int               `json:"max"`
}

type detail struct {
	Type  string `json:"type"`
	Value string `json:"value"`
}

// ending is how a call ended.
type ending struct {
	Code    int      `json:"code"`
	Message string   `json:"message"`
	Details []detail `json:"details"`
	Header  metadata `json:"header"`
	Trailer metadata `json:"trailer"`
}

// library is what a peer needs of a gRPC library.
type library interface {
	serve() (port int, err error)
	dial(cmd *command) (client, error)
}

type client interface {
	open(ctx context.Context, path, kind string, headers metadata) (call, error)
}

// call is one call of a client. recv gives io.EOF, or the error, at the end.
type call interface {
	send(*pb.TestRequest) error
	closeSend() error
	recv() (*pb.TestResponse, error)
	ending(error) ending
}

var libraries = map[string]library{"grpc-go": grpcGo{}, "connect-go": connectGo{}}

type openCall struct {
	call
	cancel context.CancelFunc
	mu     sync.Mutex
	err    error
}

type peer struct {
	library library
	client  client
	mu      sync.Mutex
	calls   map[int]*openCall
}

func newPeer(library library) *peer {
	return &peer{library: library, calls: map[int]*openCall{}}
}

func (p *peer) do(cmd *command) (any, error) {
	switch cmd.Op {
	case "serve":
		port, err := p.library.serve()
		return map[string]int{"port": port}, err
	case "dial":
		var err error
		p.client, err = p.library.dial(cmd)
		return nil, err
	case "open":
		return nil, p.open(cmd)
	}
	p.mu.Lock()
	call := p.calls[cmd.Call]
	p.mu.Unlock()
	if call == nil {
		return nil, fmt.Errorf("no such call: %d", cmd.Call)
	}
	switch cmd.Op {
	case "send":
		return nil, call.sendAll(cmd.Messages)
	case "closeSend":
		_ = call.closeSend() // Its failure is the call's.
		return nil, nil
	case "recv":
		messages, err := call.receive(cmd.Max)
		return map[string]any{"messages": messages}, err
	case "cancel":
		call.cancel()
		return nil, nil
	case "end":
		return call.end()
	}
	return nil, fmt.Errorf("no such command: %s", cmd.Op)
}

func (p *peer) open(cmd *command) error {
	ctx, cancel := context.WithCancel(context.Background())
	if cmd.TimeoutMs > 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(cmd.TimeoutMs)*time.Millisecond)
	}
	call, err := p.client.open(ctx, cmd.Path, cmd.Kind, cmd.Headers)
	if err != nil {
		cancel()
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[cmd.Call] = &openCall{call: call, cancel: cancel}
	return nil
}

func (c *openCall) sendAll(messages []json.RawMessage) error {
	for _, message := range messages {
		request := &pb.TestRequest{}
		if err := protojson.Unmarshal(message, request); err != nil {
			return err
		}
		if c.send(request) != nil {
			return nil // The call has ended; recv tells how.
		}
	}
	return nil
}

func (c *openCall) receive(limit int) ([]json.RawMessage, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	messages := []json.RawMessage{}
	for len(messages) < limit && c.err == nil {
		var response *pb.TestResponse
		if response, c.err = c.recv(); c.err == nil {
			message, err := protojson.Marshal(response)
			if err != nil {
				return nil, err
			}
			messages = append(messages, message)
		}
	}
	return messages, nil
}

func (c *openCall) end() (ending, error) {
	for {
		messages, err := c.receive(1)
		if err != nil {
			return ending{}, err
		}
		if len(messages) == 0 {
			break
		}
	}
	defer c.cancel()
	return c.ending(c.err), nil
}

func encode(value []byte) string { return base64.StdEncoding.EncodeToString(value) }
