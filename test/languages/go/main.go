// SPDX-License-Identifier: Apache-2.0

// Reads our options from the code of protoc-gen-go and protoc-gen-connect-go, in gen/.
package main

import (
	"log"

	connectstreamv1 "buf.build/gen/go/connect-stream/options/protocolbuffers/go/connectstream/v1"
	catalogv1 "example.com/catalog/gen/catalog/v1"
	"example.com/catalog/gen/catalog/v1/catalogv1connect"
	"google.golang.org/protobuf/proto"
)

func main() {
	service := catalogv1.File_catalog_v1_catalog_proto.Services().ByName("CatalogService")
	if string(service.FullName()) != catalogv1connect.CatalogServiceName {
		log.Fatalf("no service %s", catalogv1connect.CatalogServiceName)
	}
	general := proto.GetExtension(service.Options(), connectstreamv1.E_Service).(*connectstreamv1.ServicePolicy)
	check(general.Client.GetTimeoutMs() == 5000, general)
	check(general.Client.Retry.RetryableCodes[0] == connectstreamv1.Code_CODE_UNAVAILABLE, general)
	check(general.Errors[0].Code == connectstreamv1.Code_CODE_NOT_FOUND, general)

	options := service.Methods().ByName("Watch").Options()
	method := proto.GetExtension(options, connectstreamv1.E_Method).(*connectstreamv1.MethodPolicy)
	check(method.Server.Timeouts.GetSendMs() == 30000, method)
	check(method.Server.Queues.Send.WhenFull == connectstreamv1.WhenFull_WHEN_FULL_DROP_OLDEST, method)
	check(method.Heartbeat.Field == "heartbeat", method)
}

func check(isRight bool, policy proto.Message) {
	if !isRight {
		log.Fatal(policy)
	}
}
