// SPDX-License-Identifier: Apache-2.0

// Command hpack-go decodes and encodes header lists with Go's HPACK, in step with a peer on standard
// input and output. A line is "d" and a block in hexadecimal, or "e" and a list as JSON; the answer is
// the list, or the block.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"

	"golang.org/x/net/http2/hpack"
)

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 1<<24)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	decoder := hpack.NewDecoder(4096, nil)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	for in.Scan() {
		line := in.Bytes()
		if line[0] == 'd' {
			fmt.Fprintln(out, decode(decoder, line[1:]))
		} else {
			block.Reset()
			encode(encoder, line[1:])
			fmt.Fprintln(out, hex.EncodeToString(block.Bytes()))
		}
	}
}

func decode(decoder *hpack.Decoder, line []byte) string {
	block := make([]byte, hex.DecodedLen(len(line)))
	check(hex.Decode(block, line))
	fields, err := decoder.DecodeFull(block)
	check(0, err)
	pairs := make([][2]string, len(fields))
	for i, field := range fields {
		pairs[i] = [2]string{field.Name, field.Value}
	}
	text, err := json.Marshal(pairs)
	check(0, err)
	return string(text)
}

func encode(encoder *hpack.Encoder, line []byte) {
	var pairs [][2]string
	check(0, json.Unmarshal(line, &pairs))
	for _, pair := range pairs {
		check(0, encoder.WriteField(hpack.HeaderField{Name: pair[0], Value: pair[1]}))
	}
}

func check(_ int, err error) {
	if err != nil {
		panic(err)
	}
}
