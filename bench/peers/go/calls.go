// SPDX-License-Identifier: Apache-2.0

package main

import "errors"

func unary(client client, of load) (int, error) {
	sample := of.sample()
	received := 0
	for range of.Count {
		response, err := client.echo(sample)
		if err != nil {
			return received, err
		}
		if response.Sequence == sample.Sequence {
			received++
		}
	}
	return received, nil
}

func short(client client, of load) (int, error) {
	one := of
	one.Count = 1
	received := 0
	for range of.Count {
		more, err := watch(client, one)
		if err != nil {
			return received, err
		}
		received += more
	}
	return received, nil
}

func watch(client client, of load) (int, error) {
	stream, err := client.watch(of)
	if err != nil {
		return 0, err
	}
	return countOf(stream)
}

func collect(client client, of load) (int, error) {
	stream, err := client.collect()
	if err != nil {
		return 0, err
	}
	sample := of.sample()
	for range of.Count {
		if err := stream.send(sample); err != nil {
			return 0, err
		}
	}
	response, err := stream.closeAndRecv()
	return int(response.GetCount()), err
}

// exchange sends without waiting for the echo.
func exchange(client client, of load) (int, error) {
	stream, err := client.exchange()
	if err != nil {
		return 0, err
	}
	sent := make(chan error, 1)
	go func() {
		sample := of.sample()
		for range of.Count {
			if err := stream.send(sample); err != nil {
				sent <- err
				return
			}
		}
		sent <- stream.closeSend()
	}()
	received, err := countOf(stream)
	return received, errors.Join(err, <-sent)
}

// pingPong waits for each echo before it sends the next.
func pingPong(client client, of load) (int, error) {
	stream, err := client.exchange()
	if err != nil {
		return 0, err
	}
	sample := of.sample()
	received := 0
	for received < of.Count {
		if err := stream.send(sample); err != nil {
			return received, err
		}
		if _, err := stream.recv(); err != nil {
			return received, err
		}
		received++
	}
	if err := stream.closeSend(); err != nil {
		return received, err
	}
	more, err := countOf(stream)
	return received + more, err
}
