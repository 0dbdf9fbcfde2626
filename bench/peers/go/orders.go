// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"

	pb "connect-stream/bench/internal/benchv1"
)

const authorization = "Bearer 3f1d2a5c-0f7e-4d0e-9a58-52f7d2a8c1b4"

// endless is a count that no benchmark reaches.
const endless = 1 << 31

// setup says how a server and its clients are set up.
type setup struct {
	Protocol    string `json:"protocol"`
	Compression string `json:"compression"`
	Auth        bool   `json:"auth"`
}

// load is what one stream carries, or how many calls are made one after the
// other.
type load struct {
	Count int  `json:"count"`
	Size  int  `json:"size"`
	Text  bool `json:"text"`
}

func (l load) sample() *pb.Sample { return newSample(l.Size, l.Text) }

func (l load) request() *pb.WatchRequest {
	return &pb.WatchRequest{Count: uint32(l.Count), Size: uint32(l.Size), Text: l.Text}
}

// order is what the program is told. Each has its own fields.
type order struct {
	Do          string `json:"do"`
	Port        int    `json:"port"`
	Setup       setup  `json:"setup"`
	Call        string `json:"call"`
	Concurrency int    `json:"concurrency"`
	Connections int    `json:"connections"`
	load
}

// library is what is measured.
type library interface {
	serve(setup, *progress) (port int, err error)
	dial(port int, of setup) (client, error)
}

// progress counts messages that flow control has accepted.
type progress struct{ accepted atomic.Int64 }

type server struct {
	library  library
	progress progress
}

func newServer(library library) *server { return &server{library: library} }

func (s *server) do(given *order) (any, error) {
	switch given.Do {
	case "serve":
		return s.library.serve(given.Setup, &s.progress)
	case "accepted":
		return s.progress.accepted.Load(), nil
	}
	return common(given)
}

// common does what servers and clients are both asked for.
func common(given *order) (any, error) {
	switch given.Do {
	case "cpu":
		return cpuMicros(), nil
	case "memory":
		return readMemory(), nil
	case "gc":
		runtime.GC()
		return 0, nil
	}
	return nil, fmt.Errorf("no such order: %s", given.Do)
}

// cpuMicros is the CPU time so far, of user and system.
func cpuMicros() int64 {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage)
	return (usage.Utime.Nano() + usage.Stime.Nano()) / 1000
}

// memory is in bytes: heap and stacks, and the whole process.
type memory struct {
	Heap     uint64 `json:"heap"`
	Resident uint64 `json:"resident"`
}

func readMemory() memory {
	runtime.GC()
	runtime.GC() // Finalizers of the first leave garbage for the second.
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	var size, resident uint64
	if file, err := os.Open("/proc/self/statm"); err == nil {
		defer file.Close()
		_, _ = fmt.Fscan(file, &size, &resident)
	}
	return memory{stats.HeapAlloc + stats.StackInuse, resident * uint64(os.Getpagesize())}
}
