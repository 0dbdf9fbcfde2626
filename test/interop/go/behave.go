// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"io"
	"sync"

	pb "connect-stream/interop/internal/interopv1"
)

// serverCall is what the behaviour of the test service needs of a library.
type serverCall struct {
	ctx     context.Context
	header  metadata
	summary bool
	// recv gives io.EOF at the client's half-close.
	recv       func() (*pb.TestRequest, error)
	send       func(*pb.TestResponse) error
	setHeader  func(name, value string)
	setTrailer func(name, value string)
	sendHeader func() error
	// fail makes the library's error.
	fail func(*pb.EchoStatus) error
	// code tells the status code of the library's error.
	code func(error) int
}

var echoInitial = []string{"x-grpc-test-echo-initial", "x-grpc-test-echo-initial-bin"}
var echoTrailing = []string{"x-grpc-test-echo-trailing", "x-grpc-test-echo-trailing-bin"}

// behave is the handler of all RPCs that have behaviour.
func behave(call *serverCall) error {
	id := ""
	if ids := call.header["x-call-id"]; len(ids) > 0 {
		id = ids[0]
	}
	observe.tell(id, pb.Event_EVENT_BEGUN, 0)
	for _, name := range echoInitial {
		for _, value := range call.header[name] {
			call.setHeader(name, value)
		}
	}
	for _, name := range echoTrailing {
		for _, value := range call.header[name] {
			call.setTrailer(name, value)
		}
	}
	if call.sendHeader != nil {
		if err := call.sendHeader(); err != nil {
			return err
		}
	}
	err := answer(call, id)
	code := 0
	if err != nil {
		code = call.code(err)
	}
	observe.tell(id, pb.Event_EVENT_ENDED, code)
	return err
}

func answer(call *serverCall, id string) error {
	var sent, requests, receivedBytes int32
	var last *pb.TestRequest
	for {
		request, err := call.recv()
		if errors.Is(err, io.EOF) {
			observe.tell(id, pb.Event_EVENT_HALF_CLOSED, 0)
			break
		}
		if err != nil {
			return err
		}
		last = request
		requests++
		receivedBytes += int32(len(request.Payload))
		observe.tell(id, pb.Event_EVENT_RECEIVED, 0)
		if !call.summary {
			for _, response := range responsesTo(request) {
				response.Number = sent
				sent++
				if err := call.send(response); err != nil {
					return err
				}
			}
		}
		if request.GetStatus().GetCode() != 0 {
			return call.fail(request.Status)
		}
		if request.Hang {
			<-call.ctx.Done()
			return call.ctx.Err()
		}
		if request.Finish {
			break
		}
	}
	if last.GetHangAtEnd() {
		<-call.ctx.Done()
		return call.ctx.Err()
	}
	if !call.summary {
		return nil
	}
	response := &pb.TestResponse{}
	if responses := responsesTo(last); len(responses) > 0 {
		response = responses[0]
	}
	response.Number, response.ReceivedBytes = requests, receivedBytes
	return call.send(response)
}

func responsesTo(request *pb.TestRequest) []*pb.TestResponse {
	var responses []*pb.TestResponse
	for _, size := range request.GetResponseSizes() {
		responses = append(responses, &pb.TestResponse{Text: request.Text, Payload: make([]byte, size)})
	}
	if request.GetEcho() {
		responses = append(responses, &pb.TestResponse{Text: request.Text, Payload: request.Payload})
	}
	return responses
}

// once is the one request of a unary or server-streaming call.
func once(request *pb.TestRequest) func() (*pb.TestRequest, error) {
	return func() (*pb.TestRequest, error) {
		if request == nil {
			return nil, io.EOF
		}
		taken := request
		request = nil
		return taken, nil
	}
}

type sighting struct {
	call  string
	event pb.Event
}

// observer knows what the server saw of its calls.
type observer struct {
	mu      sync.Mutex
	changed *sync.Cond
	seen    map[sighting]int
}

var observe = newObserver()

func newObserver() *observer {
	o := &observer{seen: map[sighting]int{}}
	o.changed = sync.NewCond(&o.mu)
	return o
}

func (o *observer) tell(call string, event pb.Event, code int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := sighting{call, event}
	if _, known := o.seen[key]; !known {
		o.seen[key] = code
	}
	o.changed.Broadcast()
}

func (o *observer) await(request *pb.AwaitRequest) *pb.AwaitResponse {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := sighting{request.CallId, request.Event}
	for {
		if code, known := o.seen[key]; known {
			return &pb.AwaitResponse{Code: int32(code)}
		}
		o.changed.Wait()
	}
}
