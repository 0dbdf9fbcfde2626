// SPDX-License-Identifier: Apache-2.0

// Program peer is grpc-go or connect-go as a peer of the interop tests: its
// argument says which. See ../peers/child.ts for the commands.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sync"
)

type reply struct {
	ID     int    `json:"id"`
	Result any    `json:"result,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	if len(os.Args) != 2 || libraries[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: peer grpc-go|connect-go")
		os.Exit(2)
	}
	peer := newPeer(libraries[os.Args[1]])
	var mu sync.Mutex
	out := json.NewEncoder(os.Stdout)
	in := bufio.NewReader(os.Stdin)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			// Calls that tests have left open need no answer.
			return
		}
		var cmd command
		if err := json.Unmarshal(line, &cmd); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		go func() {
			answer := reply{ID: cmd.ID}
			result, err := peer.do(&cmd)
			if err != nil {
				answer.Error = err.Error()
			} else {
				answer.Result = result
			}
			mu.Lock()
			defer mu.Unlock()
			_ = out.Encode(answer)
		}()
	}
}
