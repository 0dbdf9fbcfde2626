// SPDX-License-Identifier: Apache-2.0

// Program health is grpc-go's own health checking: health ADDRESS SERVICE. It
// prints what Check and List say, and then each state of a connection that a
// balancer uses only while Watch says SERVING. It stops at the end of its input.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"sort"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/health" // Registers the client.
	pb "google.golang.org/grpc/health/grpc_health_v1"
)

const serviceConfig = `{
	"loadBalancingConfig": [{"round_robin": {}}],
	"healthCheckConfig": {"serviceName": %q}
}`

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: health ADDRESS SERVICE")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(address, service string) error {
	conn, err := grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultServiceConfig(fmt.Sprintf(serviceConfig, service)))
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := ask(pb.NewHealthClient(conn), service); err != nil {
		return err
	}
	go printStates(conn)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func ask(client pb.HealthClient, service string) error {
	ctx := context.Background()
	checked, err := client.Check(ctx, &pb.HealthCheckRequest{Service: service})
	if err != nil {
		return err
	}
	fmt.Println("check", checked.Status)
	_, err = client.Check(ctx, &pb.HealthCheckRequest{Service: "no.such.Service"})
	fmt.Println("check", err)
	listed, err := client.List(ctx, &pb.HealthListRequest{})
	if err != nil {
		return err
	}
	var names []string
	for name := range listed.Statuses {
		names = append(names, name)
	}
	sort.Strings(names)
	fmt.Println("list", names)
	return nil
}

func printStates(conn *grpc.ClientConn) {
	for state := conn.GetState(); ; state = conn.GetState() {
		fmt.Println("state", state)
		conn.Connect()
		if !conn.WaitForStateChange(context.Background(), state) {
			return
		}
	}
}
