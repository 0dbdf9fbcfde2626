// SPDX-License-Identifier: Apache-2.0

// Program peer is grpc-go or connect-go as a server or as a client of the
// benchmarks: "peer grpc-go server". It takes an order on each line of its
// input, as of ../../messages.ts, and answers one after the other. "peer
// versions" prints what it is made of.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
)

var libraries = map[string]library{"grpc-go": grpcGo{}, "connect-go": connectGo{}}

// reply has one of the two.
type reply struct {
	Answer any    `json:"answer"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == "versions" {
		_ = json.NewEncoder(os.Stdout).Encode(versions())
		return
	}
	if len(os.Args) != 3 || libraries[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peer grpc-go|connect-go server|client, or peer versions")
		os.Exit(2)
	}
	do := newServer(libraries[os.Args[1]]).do
	if os.Args[2] == "client" {
		do = newClient(libraries[os.Args[1]]).do
	}
	out := json.NewEncoder(os.Stdout)
	_ = out.Encode(reply{Answer: 0}) // It is ready.
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		var given order
		answer := reply{}
		err := json.Unmarshal(in.Bytes(), &given)
		if err == nil {
			answer.Answer, err = do(&given)
		}
		if err != nil {
			answer.Error = err.Error()
		}
		_ = out.Encode(answer)
	}
}

// versions has those of Go and of the modules that the program uses itself.
func versions() map[string]string {
	found := map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go")}
	info, _ := debug.ReadBuildInfo()
	names := map[string]string{"google.golang.org/grpc": "grpc-go", "connectrpc.com/connect": "connect-go"}
	for _, module := range info.Deps {
		if name := names[module.Path]; name != "" {
			found[name] = strings.TrimPrefix(module.Version, "v")
		}
	}
	return found
}
