// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	pb "connect-stream/bench/internal/benchv1"
)

// client has one connection. It opens the calls of the service.
type client interface {
	echo(*pb.Sample) (*pb.Sample, error)
	watch(load) (receiver, error)
	collect() (uploader, error)
	exchange() (duplex, error)
}

// receiver gives io.EOF at the end.
type receiver interface {
	recv() (*pb.Sample, error)
}

type uploader interface {
	send(*pb.Sample) error
	closeAndRecv() (*pb.CollectResponse, error)
}

type duplex interface {
	receiver
	send(*pb.Sample) error
	closeSend() error
}

type target struct {
	port  int
	setup setup
}

// loader is the client's side of the program.
type loader struct {
	library library
	clients map[target]client
	kept    []any
}

func newClient(library library) *loader {
	return &loader{library: library, clients: map[target]client{}}
}

type runResult struct {
	Messages  int     `json:"messages"`
	Ms        float64 `json:"ms"`
	CPUMicros int64   `json:"cpuMicros"`
}

func (l *loader) do(given *order) (any, error) {
	switch given.Do {
	case "run":
		return l.run(given)
	case "idle":
		return 0, l.idle(given)
	case "stall":
		return 0, l.stall(given)
	}
	return common(given)
}

// client is the one for the order's server; all runs use one connection.
func (l *loader) client(given *order) (client, error) {
	key := target{given.Port, given.Setup}
	if known := l.clients[key]; known != nil {
		return known, nil
	}
	made, err := l.library.dial(given.Port, given.Setup)
	l.clients[key] = made
	return made, err
}

func (l *loader) run(given *order) (*runResult, error) {
	use := calls[given.Call]
	if use == nil {
		return nil, fmt.Errorf("no such call: %s", given.Call)
	}
	client, err := l.client(given)
	if err != nil {
		return nil, err
	}
	each := given.load
	each.Count = (given.Count + given.Concurrency - 1) / given.Concurrency
	before, start := cpuMicros(), time.Now()
	err = together(given.Concurrency, func() error {
		received, err := use(client, each)
		if err == nil && received != each.Count {
			err = fmt.Errorf("%d of %d messages arrived", received, each.Count)
		}
		return err
	})
	ms := float64(time.Since(start).Microseconds()) / 1000
	return &runResult{each.Count * given.Concurrency, ms, cpuMicros() - before}, err
}

// together runs as many of a function, and waits for all.
func together(number int, do func() error) error {
	results := make(chan error)
	for range number {
		go func() { results <- do() }()
	}
	var failures []error
	for range number {
		failures = append(failures, <-results)
	}
	return errors.Join(failures...)
}

// calls are the ways to use a client; each gives how many messages came through.
var calls = map[string]func(client, load) (int, error){
	"unary": unary, "short": short, "watch": watch, "collect": collect, "exchange": exchange, "pingPong": pingPong,
}

// idle opens exchanges, waits for one echo on each, and leaves them open.
func (l *loader) idle(given *order) error {
	for range given.Connections {
		client, err := l.library.dial(given.Port, given.Setup)
		if err != nil {
			return err
		}
		for range (given.Concurrency + given.Connections - 1) / given.Connections {
			stream, err := client.exchange()
			if err != nil {
				return err
			}
			l.kept = append(l.kept, stream)
			if err = stream.send(newSample(0, false)); err != nil {
				return err
			}
			if _, err = stream.recv(); err != nil {
				return err
			}
			// As a reader does: wait for what may come.
			go stream.recv()
		}
	}
	return nil
}

// stall opens watches without end, receives one message of each, and stops.
func (l *loader) stall(given *order) error {
	client, err := l.client(given)
	if err != nil {
		return err
	}
	for range given.Concurrency {
		stream, err := client.watch(load{Count: endless, Size: given.Size})
		if err != nil {
			return err
		}
		l.kept = append(l.kept, stream)
		if _, err = stream.recv(); err != nil {
			return err
		}
	}
	return nil
}

// countOf receives to the end.
func countOf(stream receiver) (int, error) {
	for received := 0; ; received++ {
		if _, err := stream.recv(); err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return received, err
		}
	}
}
