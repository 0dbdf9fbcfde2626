// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"fmt"
	"strings"

	pb "connect-stream/bench/internal/benchv1"
)

// otherBytes is what a sample takes on the wire beside what fills it.
const otherBytes = 59

// newSample makes a sample of that size, as ../samples.ts does.
func newSample(size int, text bool) *pb.Sample {
	sample := &pb.Sample{
		Name:     "host-0042/cpu/3/utilisation",
		Sequence: 123456,
		Value:    0.734215,
		Unit:     "ratio of a core",
	}
	fill := fillBytes(size)
	if text {
		sample.Log = logLines(fill)
	} else {
		sample.Attachment = make([]byte, fill)
		_, _ = rand.Read(sample.Attachment)
	}
	return sample
}

// fillBytes is how many bytes fill a sample, behind a tag and their length.
func fillBytes(size int) int {
	rest := size - otherBytes - 1
	for lengthBytes := 1; ; lengthBytes++ {
		if fill := rest - lengthBytes; fill < 1<<(7*lengthBytes) {
			return max(fill, 0)
		}
	}
}

func logLines(bytes int) string {
	var text strings.Builder
	for line := 0; text.Len() < bytes; line++ {
		load := line * 104729 % 1000
		fmt.Fprintf(&text, "2026-03-01T12:00:00.%dZ host-%d cpu=%g%% state=ok\n", line, line*7919%997, float64(load)/10)
	}
	return text.String()[:bytes]
}
